// Package chart_test renders the Helm chart as Helm does, and wants of it what the overlays are.
package chart_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

const (
	manifests = "../../manifests"
	namespace = "stateward-system"
)

// object is one of Kubernetes', as YAML has it.
type object = map[string]any

func TestChartEqualsTheOverlays(t *testing.T) {
	for overlay, values := range map[string]string{
		"cert-manager": "",
		"self-managed": "certificates: {mode: self-managed}",
		"ha":           "replicas: 3\nhighAvailability: true",
		"audit-only":   "certificates: {mode: self-managed}\nauditOnly: true",
	} {
		t.Run(overlay, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(manifests, "rendered", overlay+".yaml"))
			must(t, err)
			wanted := byName(t, string(want))
			// Helm keeps its own record in the namespace, so that must be there before the chart.
			delete(wanted, "Namespace "+namespace)
			got, err := render(t, values, namespace)
			must(t, err)
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("overlay and chart (-overlay +chart):\n%s", diff)
			}
		})
	}
}

// TestOptInRulesEqualTheirComponents wants each rule that is off unless asked for as its component adds it, and turned on.
func TestOptInRulesEqualTheirComponents(t *testing.T) {
	plain, err := render(t, "", namespace)
	must(t, err)
	for _, rule := range optInRules(t) {
		t.Run(rule, func(t *testing.T) {
			got, err := render(t, "optInRules: {"+rule+": deny}", namespace)
			must(t, err)
			want := maps.Clone(plain)
			want["Guardrails stateward"] = object{
				"apiVersion": "stateward.dev/v1alpha1", "kind": "Guardrails", "metadata": object{"name": "stateward"},
				"spec": object{"rules": []any{object{"id": rule, "action": "deny"}}},
			}
			const registration = "ValidatingWebhookConfiguration stateward"
			added := component(t, rule, "validating.yaml")[registration]["webhooks"].([]any)
			want[registration] = maps.Clone(plain[registration])
			want[registration]["webhooks"] = append(slices.Clone(plain[registration]["webhooks"].([]any)), added...)
			maps.Copy(want, component(t, rule, "rbac.yaml"))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("component and chart (-component +chart):\n%s", diff)
			}
		})
	}
}

func TestOptInRuleIsRegisteredWithoutGuardrails(t *testing.T) {
	got, err := render(t, "optInRules: {node-delete: registered}", namespace)
	must(t, err)
	if webhooks := got["ValidatingWebhookConfiguration stateward"]["webhooks"].([]any); at(webhooks[len(webhooks)-1], []string{"name"}) != "nodes.stateward.dev" {
		t.Error("the rule is not registered")
	}
	if guardrails := got["Guardrails stateward"]; guardrails != nil {
		t.Errorf("there are Guardrails: %v", guardrails)
	}
}

func TestAuditOnlyRecordsOptInRules(t *testing.T) {
	got, err := render(t, "auditOnly: true\noptInRules: {node-delete: deny}", namespace)
	must(t, err)
	rules, _ := at(got["Guardrails stateward"], []string{"spec", "rules"}).([]any)
	if want := (object{"id": "node-delete", "action": "audit"}); len(rules) < 2 || !cmp.Equal(any(want), rules[len(rules)-1]) {
		t.Errorf("rules %v, want %v as the last", rules, want)
	}
}

// optInRules are those that the schema knows, which must be all that have a component.
func optInRules(t *testing.T) (known []string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(manifests, "..", "policies", "rules", "*", "*"))
	must(t, err)
	for _, folder := range folders {
		if rule := filepath.Base(folder); len(component(t, rule, "validating.yaml")) > 0 {
			known = append(known, rule)
		}
	}
	slices.Sort(known)
	text, err := os.ReadFile(filepath.Join(manifests, "chart", "values.schema.json"))
	must(t, err)
	var schema object
	must(t, yaml.Unmarshal(text, &schema))
	accepted, _ := at(schema, []string{"properties", "optInRules", "properties"}).(object)
	if diff := cmp.Diff(known, slices.Sorted(maps.Keys(accepted))); diff != "" {
		t.Errorf("components and the schema (-components +schema):\n%s", diff)
	}
	return known
}

// component reads the objects of a file of a component; none where it has no such file.
func component(t *testing.T, name, file string) map[string]object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(manifests, "components", name, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	must(t, err)
	return byName(t, string(text))
}

func TestValuesChangeTheirObjectsOnly(t *testing.T) {
	for name, test := range map[string]struct {
		values, object string
		path           []string
		want           any
	}{
		"an image":          {"image: {repository: registry.example/stateward, tag: v9}", "Deployment stateward", image(), "registry.example/stateward:v9"},
		"an image's digest": {"image: {digest: 'sha256:" + strings.Repeat("0", 64) + "'}", "Deployment stateward", image(), "stateward@sha256:" + strings.Repeat("0", 64)},
		"replicas":          {"replicas: 2", "Deployment stateward", []string{"spec", "replicas"}, float64(2)},
		"resources": {
			"resources: {limits: {memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}", "Deployment stateward",
			[]string{"spec", "template", "spec", "containers", "0", "resources"},
			object{"limits": object{"memory": "1Gi"}, "requests": object{"cpu": float64(1), "memory": "1Gi"}},
		},
		"a failure policy of critical requests": {"failurePolicy: Ignore", "ValidatingWebhookConfiguration stateward", []string{"webhooks", "0", "failurePolicy"}, "Ignore"},
		"a failure policy of advisory requests": {"failurePolicy: Fail", "ValidatingWebhookConfiguration stateward", []string{"webhooks", "1", "failurePolicy"}, "Ignore"},
		"namespaces": {
			"exemptNamespaces: [ci]", "ValidatingWebhookConfiguration stateward",
			[]string{"webhooks", "0", "namespaceSelector", "matchExpressions", "0", "values"}, []any{"cert-manager", "kube-system", "stateward-system", "ci"},
		},
		"an audit": {
			"audit: {enabled: true, interval: 2h}\ncertificates: {mode: self-managed}", "Deployment stateward",
			[]string{"spec", "template", "spec", "containers", "0", "args"}, []any{"serve", "--audit", "--audit-interval=2h"},
		},
		"a collector of traces": {
			"tracing: {endpoint: 'http://collector:4318'}\ncertificates: {mode: self-managed}", "Deployment stateward",
			[]string{"spec", "template", "spec", "containers", "0", "args"},
			[]any{"serve", "--tracing-endpoint=http://collector:4318", "--tracing-sampling-rate-per-million=1000000"},
		},
		"the lease of an audit": {"audit: {enabled: true}", "RoleBinding stateward-audit", []string{"roleRef", "name"}, "stateward-audit"},
		"the right to manage the registration": {
			"manageRegistration: true", "ClusterRole stateward-manage-registration", []string{"rules", "0", "verbs"}, []any{"get", "patch"},
		},
		"no right to manage the registration": {"", "ClusterRole stateward-manage-registration", []string{"rules", "0", "verbs"}, nil},
		"namespaces without cert-manager": {
			"exemptNamespaces: [ci]\ncertificates: {mode: self-managed}", "MutatingWebhookConfiguration stateward",
			[]string{"webhooks", "0", "namespaceSelector", "matchExpressions", "0", "values"}, []any{"kube-system", "stateward-system", "ci"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := render(t, test.values, namespace)
			must(t, err)
			if diff := cmp.Diff(test.want, at(got[test.object], test.path)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", test.path, diff)
			}
		})
	}
}

func TestBadValuesAreRejected(t *testing.T) {
	for name, test := range map[string]struct{ values, namespace, want string }{
		"an unknown value":                  {"replica: 3", namespace, "additional properties 'replica' not allowed"},
		"a number that is none":             {"replicas: many", namespace, "at '/replicas': got string, want integer"},
		"no replica":                        {"replicas: 0", namespace, "at '/replicas': minimum: got 0, want 1"},
		"another mode":                      {"certificates: {mode: none}", namespace, "at '/certificates/mode': value must be one of 'cert-manager', 'self-managed'"},
		"several authorities":               {"certificates: {mode: self-managed}\nreplicas: 2", namespace, "at '/replicas': value must be 1"},
		"several replicas that are one":     {"highAvailability: true", namespace, "at '/replicas': minimum: got 1, want 2"},
		"another failure policy":            {"failurePolicy: Retry", namespace, "at '/failurePolicy': value must be one of 'Fail', 'Ignore'"},
		"a namespace that is none":          {"exemptNamespaces: [Data]", namespace, "at '/exemptNamespaces/0': 'Data' does not match pattern"},
		"an image that is another tomorrow": {"image: {tag: latest}", namespace, "at '/image/tag'"},
		"an image with its tag":             {"image: {repository: 'stateward:v1'}", namespace, "at '/image/repository': 'stateward:v1' does not match pattern"},
		"no limit of memory":                {"resources: {limits: {memory: null}}", namespace, "at '/resources/limits': missing property 'memory'"},
		"an interval that is none":          {"audit: {interval: hourly}", namespace, "at '/audit/interval': 'hourly' does not match pattern"},
		"a rule that is always on":          {"optInRules: {quorum: deny}", namespace, "at '/optInRules': additional properties 'quorum' not allowed"},
		"a level that is none":              {"optInRules: {node-delete: on}", namespace, "at '/optInRules/node-delete': value must be one of 'deny', 'warn', 'audit', 'registered'"},
		"a right that is a word":            {"manageRegistration: 'true'", namespace, "at '/manageRegistration': got string, want boolean"},
		"a collector that is none":          {"tracing: {endpoint: 'collector:4317'}", namespace, "at '/tracing/endpoint': 'collector:4317' does not match pattern"},
		"another namespace":                 {"", "default", `namespace "default": certificates, rights and registration are for stateward-system`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t, test.values, test.namespace)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func image() []string { return []string{"spec", "template", "spec", "containers", "0", "image"} }

// TestNotesDescribeTheValues reads what `helm install` prints at its end.
func TestNotesDescribeTheValues(t *testing.T) {
	const (
		refuses = "While it does not answer, the API server refuses changes and deletions, and lets new objects through."
		lets    = "While it does not answer, the API server lets everything through."
		records = "It records what it would deny, and denies nothing."
	)
	for name, test := range map[string]struct {
		values       string
		says, silent []string
	}{
		"the defaults":     {"", []string{"kube-system, cert-manager, stateward-system.", refuses, "helm uninstall stateward --namespace stateward-system"}, []string{lets, records}},
		"self-managed":     {"certificates: {mode: self-managed}\nexemptNamespaces: [ci]", []string{"kube-system, stateward-system, ci.", refuses}, []string{"cert-manager"}},
		"nothing refused":  {"failurePolicy: Ignore", []string{lets}, []string{refuses, records}},
		"nothing enforced": {"certificates: {mode: self-managed}\nauditOnly: true", []string{records}, []string{refuses, lets}},
	} {
		t.Run(name, func(t *testing.T) {
			_, texts, err := files(t, test.values, namespace)
			must(t, err)
			notes := texts[notesFile]
			for _, line := range test.says {
				if !strings.Contains(notes, line) {
					t.Errorf("no %q in\n%s", line, notes)
				}
			}
			for _, line := range test.silent {
				if strings.Contains(notes, line) {
					t.Errorf("%q in\n%s", line, notes)
				}
			}
		})
	}
}

// render returns what `helm install` would apply, with the CRDs.
func render(t *testing.T, values, namespace string) (map[string]object, error) {
	t.Helper()
	loaded, texts, err := files(t, values, namespace)
	if err != nil {
		return nil, err
	}
	delete(texts, notesFile)
	rendered := map[string]object{}
	for _, text := range texts {
		maps.Copy(rendered, byName(t, text))
	}
	for _, definition := range loaded.CRDObjects() {
		maps.Copy(rendered, byName(t, string(definition.File.Data)))
	}
	return rendered, nil
}

// notesFile is the only template that is no manifest.
const notesFile = "stateward/templates/NOTES.txt"

// files renders the templates of the chart, by their paths.
func files(t *testing.T, values, namespace string) (*chart.Chart, map[string]string, error) {
	t.Helper()
	loaded, err := loader.Load(filepath.Join(manifests, "chart"))
	must(t, err)
	given, err := chartutil.ReadValues([]byte(values))
	must(t, err)
	options := chartutil.ReleaseOptions{Name: "stateward", Namespace: namespace, Revision: 1, IsInstall: true}
	combined, err := chartutil.ToRenderValues(loaded, given, options, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, nil, err
	}
	rendered, err := engine.Render(loaded, combined)
	return loaded, rendered, err
}

// byName reads the objects of a stream.
func byName(t *testing.T, text string) map[string]object {
	t.Helper()
	objects := map[string]object{}
	for part := range strings.SplitSeq(text, "\n---\n") {
		var each object
		must(t, yaml.Unmarshal([]byte(part), &each))
		if each == nil {
			continue
		}
		metadata, _ := each["metadata"].(object)
		name, _ := each["kind"].(string)
		objects[name+" "+metadata["name"].(string)] = each
	}
	return objects
}

// at is the value at a path of keys and indexes.
func at(value any, path []string) any {
	for _, step := range path {
		switch typed := value.(type) {
		case object:
			value = typed[step]
		case []any:
			value = typed[step[0]-'0']
		default:
			return nil
		}
	}
	return value
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
