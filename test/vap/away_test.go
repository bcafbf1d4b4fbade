package vap_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// attempt is one thing to try, and what the API server must say.
type attempt struct {
	stdin     string
	arguments []string
	// words are in the output; denied is true for a failure.
	words  []string
	denied bool
}

func (d attempt) try(t *testing.T, server *cluster.Cluster) {
	t.Helper()
	output, err := server.KubectlWithInput(t.Context(), strings.NewReader(d.stdin), d.arguments...)
	must(t, err)
	said := output.Stdout + output.Stderr
	if (output.ExitCode != 0) != d.denied {
		t.Errorf("kubectl %v: exit code %d: %s", d.arguments, output.ExitCode, said)
	}
	for _, word := range d.words {
		if !strings.Contains(said, word) {
			t.Errorf("kubectl %v: no %q in %s", d.arguments, word, said)
		}
	}
}

func breakGlass(arguments ...string) []string {
	return append([]string{"--as=admin", "--as-group=system:masters", "--as-group=stateward:breakglass"}, arguments...)
}

// guarded are the attempts on a StatefulSet "web" with 3 replicas in namespace default, whose policies deny.
func guarded() map[string]attempt {
	beyond := builders.MakeStatefulSet().Name("beyond").Partition(99)
	return map[string]attempt{
		"what is created": {stdin: string(beyond.JSON()), arguments: []string{"create", "--dry-run=server", "-f", "-"}, denied: true, words: []string{
			"[partition-range] spec.updateStrategy.rollingUpdate.partition: 99 is greater than replicas 3: no update would reach any pod.",
			"Fix: choose a partition from 0",
		}},
		"what is deleted": {arguments: []string{"delete", "statefulset", "web", "--dry-run=server"}, denied: true, words: []string{
			"[cascade-delete] metadata.name: deleting web (propagation Background) stops all 3 of its pods at once.",
			"or confirm it: stateward confirm statefulset/web delete -n default",
		}},
		"what is changed": {arguments: []string{"set", "image", "statefulset/web", "nginx=nginx:latest", "--dry-run=server"}, denied: true, words: []string{
			"[image-tag] spec.template.spec.containers: nginx:latest may be a different image tomorrow. Fix: use a version tag",
		}},
		"who breaks the glass": {arguments: breakGlass("delete", "statefulset", "web", "--dry-run=server")},
		"a harmless change":    {arguments: []string{"label", "statefulset", "web", "a=b", "--dry-run=server"}},
	}
}

// TestPoliciesDenyWithoutStateward takes away Stateward, and then its registration.
func TestPoliciesDenyWithoutStateward(t *testing.T) {
	environment := environment.ForTest(t)
	web := attempt{stdin: string(builders.MakeStatefulSet().JSON()), arguments: breakGlass("create", "-f", "-")}
	web.try(t, environment.Cluster)
	install(t, environment.Cluster, export(t, guardrails("  profile: strict\n")))
	environment.Stateward.Stop()
	for name, attempt := range guarded() {
		if name == "a harmless change" {
			// A change of labels is one that Stateward would be asked about.
			continue
		}
		t.Run(name+" without Stateward", func(t *testing.T) { attempt.try(t, environment.Cluster) })
	}
	for _, kind := range []string{"validatingwebhookconfiguration", "mutatingwebhookconfiguration"} {
		attempt{arguments: []string{"delete", kind, "stateward"}}.try(t, environment.Cluster)
	}
	for name, attempt := range guarded() {
		t.Run(name+" without its registration", func(t *testing.T) { attempt.try(t, environment.Cluster) })
	}
	t.Run("what is scaled to nothing", func(t *testing.T) {
		attempt{arguments: []string{"scale", "statefulset", "web", "--replicas=0", "--dry-run=server"}, denied: true, words: []string{
			"[scale-to-zero] spec.replicas: 0 stops all 3 pods. Fix: keep at least one replica, unless you want to stop the whole set.",
		}}.try(t, environment.Cluster)
	})
	t.Run("what is confirmed", func(t *testing.T) {
		attempt{arguments: []string{"annotate", "statefulset", "web", "stateward.dev/confirm=delete", "stateward.dev/confirm-until=2026-11-23T12:00:00Z", "stateward.dev/confirmed-by=bob"},
			denied: true, words: []string{`[protected-labels] metadata.annotations["stateward.dev/confirmed-by"]: bob did not confirm this, admin does`}}.try(t, environment.Cluster)
		set, err := environment.Client.AppsV1().StatefulSets("default").Get(t.Context(), "web", metav1.GetOptions{})
		must(t, err)
		confirm := []string{"annotate", "statefulset", "web", "stateward.dev/confirm=delete", "stateward.dev/confirm-rules=cascade-delete", "stateward.dev/confirm-until=2026-11-23T12:00:00Z", "stateward.dev/confirmed-by=admin"}
		attempt{arguments: append(slices.Clip(confirm), "stateward.dev/confirmed-object=0c7a"), denied: true, words: []string{
			`[protected-labels] metadata.annotations["stateward.dev/confirmed-object"]: 0c7a is not the state that is confirmed`,
		}}.try(t, environment.Cluster)
		attempt{arguments: append(slices.Clip(confirm), "stateward.dev/confirmed-object="+string(set.UID)+"/Retain/2-0123456789ab")}.try(t, environment.Cluster)
		attempt{arguments: []string{"delete", "statefulset", "web", "--dry-run=server"}}.try(t, environment.Cluster)
	})
	t.Run("what a service account confirms", func(t *testing.T) {
		set, err := environment.Client.AppsV1().StatefulSets("default").Get(t.Context(), "web", metav1.GetOptions{})
		must(t, err)
		const account = "system:serviceaccount:ci:deployer"
		confirm := func(labels string) []string {
			marks := fmt.Sprintf(`{"metadata":{"labels":{%s},"annotations":{"stateward.dev/confirm":"delete","stateward.dev/confirm-rules":"cascade-delete",`+
				`"stateward.dev/confirm-until":"2026-11-23T12:30:00Z","stateward.dev/confirmed-by":%q,"stateward.dev/confirmed-object":"%s/Retain"}}}`, labels, account, set.UID)
			return []string{"--as=" + account, "--as-group=system:masters", "patch", "statefulset", "web", "--dry-run=server", "-p", marks}
		}
		attempt{arguments: confirm("")}.try(t, environment.Cluster)
		attempt{arguments: confirm(`"tier":"data"`), denied: true, words: []string{
			`[protected-labels] metadata.annotations["stateward.dev/confirmed-object"]`, "/Retain is not the state that is confirmed ()",
		}}.try(t, environment.Cluster)
	})
}

// TestStaticPoliciesApplyFromTheFirstRequest has a real API server load them from a folder, out of reach
// of the API.
func TestStaticPoliciesApplyFromTheFirstRequest(t *testing.T) {
	folder := t.TempDir()
	page := export(t, guardrails("  profile: strict\n"), "--static")
	must(t, os.WriteFile(filepath.Join(folder, "stateward.yaml"), page, 0o600))
	configuration := filepath.Join(t.TempDir(), "admission.yaml")
	must(t, os.WriteFile(configuration, fmt.Appendf(nil, `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: ValidatingAdmissionPolicy
    configuration:
      apiVersion: apiserver.config.k8s.io/v1
      kind: ValidatingAdmissionPolicyConfiguration
      staticManifestsDir: %s
`, folder), 0o600))
	static := "--admission-control-config-file=" + configuration
	if lacksStatic(t, static) {
		return
	}
	server := start(t, static)
	attempt{stdin: string(builders.MakeStatefulSet().JSON()), arguments: breakGlass("create", "-f", "-")}.try(t, server)
	for _, kind := range []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
		attempt{arguments: []string{"delete", kind, "--all"}, words: []string{"No resources found"}}.try(t, server)
	}
	for name, attempt := range guarded() {
		t.Run(name, func(t *testing.T) { attempt.try(t, server) })
	}
	t.Run("no other policy can replace them", func(t *testing.T) {
		attempt{stdin: string(page), arguments: []string{"create", "-f", "-"}, denied: true, words: []string{".static.k8s.io"}}.try(t, server)
	})
	attempt{arguments: []string{"apply", "-f", filepath.Join(root, "manifests", "base", "webhooks.yaml")}}.try(t, server)
	for name, attempt := range registrationAttempts() {
		t.Run(name, func(t *testing.T) { attempt.try(t, server) })
	}
}

// lacksStatic reports whether this version loads no policies from a folder. In 1.36 that is an alpha feature, and a version
// before it ignores the folder without a word.
func lacksStatic(t *testing.T, argument string) bool {
	t.Helper()
	const behaviour = "policies of `export vap --static`"
	switch version, _ := start(t).VersionForTest(t); {
	case version.Minor >= 37:
		cluster.Behaviour(t, behaviour, "in force")
		return false
	case version.Minor == 36:
		cluster.Behaviour(t, behaviour, "refused: the API server does not start")
		server, err := cluster.Start(t.Context(), cluster.Options{BuiltOnly: true, WithoutKwok: true, WithoutDNS: true, APIServerArgs: []string{argument}})
		if err == nil {
			server.Stop()
		}
		if err == nil || !strings.Contains(err.Error(), "staticManifestsDir requires the ManifestBasedAdmissionControlConfig feature gate") {
			t.Errorf("the error of the API server is %v; it should name the feature gate", err)
		}
	default:
		cluster.Behaviour(t, behaviour, "ignored")
		server := start(t, argument)
		web := attempt{stdin: string(builders.MakeStatefulSet().JSON()), arguments: []string{"create", "-f", "-"}}
		web.try(t, server)
		attempt{arguments: []string{"delete", "statefulset", "web"}}.try(t, server)
	}
	return true
}

// registrationAttempts are what an administrator may try with the registration of the webhooks.
func registrationAttempts() map[string]attempt {
	const collection = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
	without := []string{"[stateward-registration] ValidatingWebhookConfiguration stateward: without it Stateward checks nothing. Fix: leave it as it is, or break the glass"}
	weakened := []string{"[stateward-registration] ValidatingWebhookConfiguration stateward: this changes more than its caBundle. Fix:"}
	patch := func(operations string) []string {
		return []string{"patch", "validatingwebhookconfiguration", "stateward", "--dry-run=server", "--type=json", "-p", operations}
	}
	return map[string]attempt{
		"who deletes the registration":            {arguments: []string{"delete", "validatingwebhookconfiguration", "stateward", "--dry-run=server"}, denied: true, words: without},
		"who deletes all there are":               {arguments: []string{"delete", "--raw", collection}, denied: true, words: without},
		"who lets it pass when Stateward is away": {arguments: patch(`[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]`), denied: true, words: weakened},
		"who takes a webhook out":                 {arguments: patch(`[{"op":"remove","path":"/webhooks/0"}]`), denied: true, words: weakened},
		"who asks about less":                     {arguments: patch(`[{"op":"remove","path":"/webhooks/0/rules/0"}]`), denied: true, words: weakened},
		"who exempts what has a label": {
			arguments: patch(`[{"op":"add","path":"/webhooks/0/objectSelector","value":{"matchLabels":{"a":"b"}}}]`), denied: true, words: weakened,
		},
		"who writes a caBundle":          {arguments: patch(`[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"` + caBundle() + `"}]`)},
		"who labels it":                  {arguments: []string{"label", "validatingwebhookconfiguration", "stateward", "a=b", "--dry-run=server"}},
		"who deletes it and means it":    {arguments: breakGlass("delete", "validatingwebhookconfiguration", "stateward", "--dry-run=server")},
		"who applies the same once more": {arguments: []string{"apply", "--dry-run=server", "-f", filepath.Join(root, "manifests", "base", "webhooks.yaml")}},
	}
}

// TestPoliciesFollowTheGuardrails exports Guardrails that name what is evaluated.
func TestPoliciesFollowTheGuardrails(t *testing.T) {
	server := start(t)
	install(t, server, export(t, guardrails(`  profile: strict
  match: {excludedNamespaces: [ci-*], namespaceSelector: {matchExpressions: [{key: unguarded, operator: DoesNotExist}]}}
  rules:
    - {id: image-tag, match: {names: [nginx, "*-1"], labelSelector: {matchLabels: {tier: data}}}}
    - {id: partition-range, action: warn}
  exceptions:
    - {rules: [partition-range], match: {names: [old], namespaces: [default]}, reason: r, owner: o, expires: "2099-01-01T00:00:00Z"}
    - {rules: [partition-range], match: {names: [web]}, reason: r, owner: o, expires: "2020-01-01T00:00:00Z"}
`)))
	for _, arguments := range [][]string{{"create", "namespace", "ci-1"}, {"create", "namespace", "free"}, {"label", "namespace", "free", "unguarded="}} {
		attempt{arguments: arguments}.try(t, server)
	}
	create := func(namespace string) []string {
		return []string{"-n", namespace, "create", "--dry-run=server", "-f", "-"}
	}
	latest := func(name, tier string) string {
		set := builders.MakeStatefulSet().Name(name).Image("nginx:latest")
		set.Labels, set.Namespace = map[string]string{"tier": tier}, ""
		return string(set.JSON())
	}
	const warning = "Warning: Validation failed for ValidatingAdmissionPolicy 'stateward-partition-range'"
	for name, attempt := range map[string]attempt{
		"a namespace that is left out by its name":   {stdin: latest("web-1", "data"), arguments: create("ci-1")},
		"a namespace that is left out by its labels": {stdin: latest("web-1", "data"), arguments: create("free")},
		"a name that a rule is about":                {stdin: latest("web-1", "data"), arguments: create("default"), denied: true, words: []string{"[image-tag]"}},
		"a name that it is not about":                {stdin: latest("web-2", "data"), arguments: create("default")},
		"labels that it is not about":                {stdin: latest("web-1", "web"), arguments: create("default")},
		"a level that only warns":                    {stdin: string(builders.MakeStatefulSet().Partition(9).JSON()), arguments: create("default"), words: []string{warning}},
	} {
		t.Run(name, func(t *testing.T) { attempt.try(t, server) })
	}
	t.Run("an exception", func(t *testing.T) {
		output, err := server.KubectlWithInput(t.Context(), strings.NewReader(string(builders.MakeStatefulSet().Name("old").Partition(9).JSON())), create("default")...)
		must(t, err)
		if output.ExitCode != 0 || strings.Contains(output.Stderr, warning) {
			t.Errorf("exit code %d: %s", output.ExitCode, output.Stderr)
		}
	})
}

// TestDenyingRulesHaveDenyingPolicies counts them under Guardrails that have all of them deny.
func TestDenyingRulesHaveDenyingPolicies(t *testing.T) {
	library, rules := exported(t)
	page := string(export(t, setting(library, rules, policies.Deny)))
	if got, want := strings.Count(page, "\n  - Deny\n"), len(rules); got != want {
		t.Errorf("%d policies deny instead of %d", got, want)
	}
}

// caBundle is an authority as JSON has it.
func caBundle() string {
	certificate, err := os.ReadFile(filepath.Join(root, "cmd", "internal", "cli", "testdata", "a.crt"))
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(certificate)
}

func guardrails(spec string) []byte {
	return []byte("apiVersion: stateward.dev/v1alpha1\nkind: Guardrails\nmetadata:\n  name: stateward\nspec:\n" + spec)
}
