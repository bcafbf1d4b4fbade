package e2e_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/test/builders"
)

const (
	betaClass  = "volume.beta.kubernetes.io/storage-class"
	alphaClass = "volume.alpha.kubernetes.io/storage-class"
)

// creation is a rule or mutation at work on something new: on what it is about, and on a neighbour of it that is fine.
// The tutorial's Service is there each time.
type creation struct {
	rule string
	// beside are created before, through break glass.
	beside       []any
	wrong, right *builders.StatefulSet
	// warns says that the wrong one is made all the same; stored is then what it has become, by JSONPath.
	warns  bool
	stored map[string]string
}

func creations() map[string]creation {
	one := func() *builders.StatefulSet { return builders.MakeStatefulSet().Replicas(1) }
	return map[string]creation{
		"of a set without its Service": {
			rule: "headless-service", wrong: one().Service("none"), right: one(),
		},
		"of a set whose Service has an address": {
			rule: "headless-service", beside: []any{addressed()}, wrong: one().Service("addressed"), right: one(),
		},
		"of a set that its Service does not select": {
			rule: "service-selector", wrong: relabelled(one(), map[string]string{"app": "other"}), right: one(),
		},
		"of a set with the pods of another": {
			rule: "selector-overlap", warns: true,
			beside: []any{&instance("first").Name("first").StatefulSet},
			wrong:  relabelled(one(), map[string]string{"app": "nginx", "instance": "first"}),
			right:  instance("web"),
		},
		"of a set with the pods of a Deployment": {
			rule:   "selector-overlap",
			beside: []any{builders.Deployment(map[string]string{"app": "nginx", "instance": "first"})},
			wrong:  relabelled(one(), map[string]string{"app": "nginx", "instance": "first"}),
			right:  instance("web"),
		},
		"of a set whose name is too long for its pods": {
			rule: "name-length", wrong: one().Name(strings.Repeat("w", 53)), right: one().Name(strings.Repeat("w", 52)),
		},
		"of a claim that hides its class from its field": {
			rule: "claim-annotation", wrong: annotated(ofClass("slow", one()), betaClass, growing),
			right: ofClass(growing, one()), warns: true,
		},
		"of a claim that no container mounts": {
			rule: "claim-mounts", wrong: unmounted(ofClass(growing, one())), right: ofClass(growing, one()), warns: true,
		},
		"of a claim of no class that there is": {
			rule: "storage-class", wrong: ofClass("none", one()), right: ofClass(growing, one()),
		},
		"of a claim that can never grow": {
			rule: "storage-class-fit", wrong: withClaim(one()), right: ofClass(growing, one()), warns: true,
		},
		"of a set that takes its data along": {
			rule: "retention-policy", wrong: deletesClaims(ofClass(growing, one())), right: ofClass(growing, one()), warns: true,
		},
		"of pods without a budget": {
			rule: "disruption-budget", wrong: builders.MakeStatefulSet(), right: one(), warns: true,
		},
		"of pods with two budgets": {
			rule:   "disruption-budget",
			beside: []any{budget("first"), budget("second"), headless("web", "web")},
			wrong:  one(), right: relabelled(one(), map[string]string{"app": "web"}).Service("web"),
		},
		"of pods that may share a node": {
			rule: "spread", beside: []any{budget("first")},
			wrong: huddled(builders.MakeStatefulSet()), right: builders.MakeStatefulSet(), warns: true,
		},
		"of a set without a selector": {
			rule: "default-selector", wrong: one().NoSelector(), right: one(), warns: true,
			stored: map[string]string{"{.spec.selector.matchLabels}": `{"app":"nginx"}`},
		},
		"of a device that is mounted as a folder": {
			rule: "shared-claim", wrong: ofDevice(ofClass(growing, one())), right: ofClass(growing, one()),
		},
		"of a set that may be replaced by force": {
			rule: "gitops-replace", right: ofClass(growing, one()),
			wrong: ofClass(growing, one()).Annotate("argocd.argoproj.io/sync-options", "Force=true"),
		},
		"of a database without a claim": {
			rule: "ephemeral-data", warns: true, wrong: one().Image("postgres:17.2"), right: one(),
		},
		"of a selector with a version": {
			rule: "upgrade-trap", warns: true, right: one(),
			wrong: relabelled(one(), map[string]string{"app": "nginx", "helm.sh/chart": "web-1.2.3"}),
		},
		"of peers that cannot find each other": {
			rule: "peers", warns: true, right: one(),
			wrong: joined(builders.MakeStatefulSet().Replicas(2)),
		},
		"of a set that leaves its Service open": {
			rule: "default-service-name", wrong: one().Service(""), right: one(), warns: true,
			stored: map[string]string{"{.spec.serviceName}": "nginx"},
		},
		"of a claim with its class in an annotation": {
			rule: "claim-class-annotation", right: ofClass(growing, one()), warns: true,
			wrong: annotated(annotated(withClaim(one()), betaClass, growing), alphaClass, "old"),
			stored: map[string]string{
				"{.spec.volumeClaimTemplates[0].spec.storageClassName}": growing,
				"{.spec.volumeClaimTemplates[0].metadata.annotations}":  "",
			},
		},
	}
}

func TestRulesOnNewObjects(t *testing.T) {
	guarded := shared(t)
	for name, test := range creations() {
		t.Run(name+" wrong", func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			words := []string{"Warning: [" + test.rule + "]"}
			if !test.warns {
				words = []string{"denied the request", "[" + test.rule + "]"}
			}
			g.says(t, !test.warns, g.beside(t, test.beside, test.wrong), words, "create", "-f", "-")
			for path, want := range test.stored {
				g.says(t, false, "", []string{"=" + want + "="}, "get", "statefulset", "web", "-o", "jsonpath=="+path+"=")
			}
		})
		t.Run(name+" right", func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			g.allowed(t, g.beside(t, test.beside, test.right), "create", "-f", "-")
			g.ready(t, test.right.StatefulSet.Name, *test.right.Spec.Replicas)
		})
	}
}

// TestAPIServerRejectsInvalidSets is about rules for CI: a current API server rejects these sets before it calls Stateward.
// It accepts a claim template that no container mounts, which is among the creations.
func TestAPIServerRejectsInvalidSets(t *testing.T) {
	guarded := shared(t)
	set := func() *builders.StatefulSet { return ofClass(growing, builders.MakeStatefulSet().Replicas(1)) }
	for rule, test := range map[string]struct {
		set  *builders.StatefulSet
		says string
	}{
		"selector-template": {mislabelled(set()), "is invalid: spec.template.metadata.labels: Invalid value"},
		"claim-mounts":      {mountsNothing(set()), `is invalid: spec.template.spec.containers[0].volumeMounts[0].name: Not found: "nothing"`},
		"claim-template":    {misnamed(set()), "is invalid"},
		"update-strategy":   {recreated(set()), "must be 'RollingUpdate' or 'OnDelete'"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			output, code := g.kubectl(t, g.beside(t, nil, test.set), "create", "-f", "-")
			if code == 0 || !strings.Contains(output, test.says) || strings.Contains(output, "["+rule+"]") {
				t.Errorf("exit code %d:\n%s", code, output)
			}
			g.allowed(t, g.beside(t, nil, set()), "create", "-f", "-")
			g.settled(t, 1)
		})
	}
}

// TestWrongTypesDoNotReachWebhooks is why field-types is about manifests only.
func TestWrongTypesDoNotReachWebhooks(t *testing.T) {
	g := newGuard(t, shared(t))
	manifest := strings.Replace(g.beside(t, nil, builders.MakeStatefulSet().Replicas(1)), `"replicas":1`, `"replicas":"1"`, 1)
	output, code := g.kubectl(t, manifest, "create", "--validate=false", "-f", "-")
	if code == 0 || !strings.Contains(output, "cannot unmarshal string into Go struct field") || strings.Contains(output, "denied the request") {
		t.Errorf("exit code %d:\n%s", code, output)
	}
}

// TestTooLongNameGetsNoPod shows what name-length keeps people from.
func TestTooLongNameGetsNoPod(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Name(strings.Repeat("w", 53)))
	g.eventuallySays(t, false, "must be no more than 63", "events", "--types=Warning")
}

// beside makes the tutorial's Service, unless it is there, and what else there must be, and returns the manifest of a set.
func (g guard) beside(t *testing.T, objects []any, set *builders.StatefulSet) string {
	t.Helper()
	for _, object := range append([]any{builders.HeadlessService()}, objects...) {
		placed, ok := object.(metav1.Object)
		if !ok {
			t.Fatalf("%T is no object", object)
		}
		placed.SetNamespace(g.namespace)
		g.allowed(t, string(builders.JSON(object)), append(breakGlass(), "apply", "-f", "-")...)
	}
	set.Namespace = g.namespace
	return string(set.JSON())
}

func headless(name, app string) *corev1.Service {
	service := builders.HeadlessService()
	service.Name, service.Spec.Selector = name, map[string]string{"app": app}
	return service
}

func addressed() *corev1.Service {
	service := builders.HeadlessService()
	service.Name, service.Spec.ClusterIP = "addressed", ""
	return service
}

func instance(name string) *builders.StatefulSet {
	return relabelled(builders.MakeStatefulSet().Replicas(1), map[string]string{"app": "nginx", "instance": name})
}

func budget(name string) *policyv1.PodDisruptionBudget {
	one := intstr.FromInt32(1)
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "nginx"}},
		},
	}
}

// misnamed gives the claim a name that no volume can have.
func misnamed(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.VolumeClaimTemplates[0].Name = "www_data"
	set.Spec.Template.Spec.Containers[0].VolumeMounts[0].Name = "www_data"
	return set
}

func annotated(set *builders.StatefulSet, annotation, value string) *builders.StatefulSet {
	metav1.SetMetaDataAnnotation(&set.Spec.VolumeClaimTemplates[0].ObjectMeta, annotation, value)
	return set
}

func unmounted(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.Template.Spec.Containers[0].VolumeMounts = nil
	return set
}

func mountsNothing(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.Template.Spec.Containers[0].VolumeMounts[0].Name = "nothing"
	return set
}

func mislabelled(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.Template.Labels = map[string]string{"app": "other"}
	return set
}

func recreated(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: "Recreate"}
	return set
}

// ofDevice makes the claim a block device, which has no folder to mount.
func ofDevice(set *builders.StatefulSet) *builders.StatefulSet {
	block := corev1.PersistentVolumeBlock
	set.Spec.VolumeClaimTemplates[0].Spec.VolumeMode = &block
	return set
}

// joined starts pods at once that look up the first of them.
func joined(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
	set.Spec.Template.Spec.Containers[0].Args = []string{"--join=web-0.nginx"}
	return set
}

// toPort is a Service that names a port of the pods.
func toPort(name, port string) *corev1.Service {
	service := headless(name, "nginx")
	service.Spec.Ports[0].TargetPort = intstr.FromString(port)
	return service
}

func huddled(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.Template.Spec.TopologySpreadConstraints = nil
	return set
}
