package e2e_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
)

// referencesStay deletes what a set names, before and after an API server asks about that.
func referencesStay(t *testing.T, g guard) {
	g = newGuard(t, g.Environment)
	g.allowed(t, guardrails("  rules: [{id: references-in-use, action: deny}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	core := g.Client.CoreV1()
	for _, name := range []string{"password", "spare"} {
		_, err := core.Secrets(g.namespace).Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: map[string]string{"password": "swordfish"},
		}, metav1.CreateOptions{})
		must(t, err)
	}
	for _, name := range []string{"settings", "former"} {
		_, err := core.ConfigMaps(g.namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		must(t, err)
	}
	class := g.namespace + "-high"
	_, err := g.Client.SchedulingV1().PriorityClasses().Create(t.Context(), &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Value: 1}, metav1.CreateOptions{})
	must(t, err)
	set := builders.MakeStatefulSet().Replicas(1)
	spec := &set.Spec.Template.Spec
	spec.PriorityClassName = class
	spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "password"}}
	spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
	g.create(t, set)
	g.settled(t, 1)

	gone := func(object string) []string { return []string{"delete", object, "--dry-run=server"} }
	g.allowed(t, "", gone("configmap/settings")...)
	g.asksAbout(t, "references-in-use")
	g.eventuallySays(t, true, "[references-in-use]", gone("configmap/settings")...)
	names := `StatefulSet "web" names this `
	g.says(t, true, "", []string{names + "ConfigMap", "stateward confirm configmap/settings delete -n " + g.namespace}, gone("configmap/settings")...)
	g.says(t, true, "", []string{names + "PriorityClass", "stateward confirm priorityclass/" + class + " delete --rules"}, gone("priorityclass/"+class)...)
	// Stateward has no right to read a Secret, and so cannot tell that an API server asks.
	g.says(t, true, "", []string{"this Secret is in use", "stateward confirm secret/password delete -n " + g.namespace}, gone("secret/password")...)
	for _, free := range []string{"configmap/former", "secret/spare", "serviceaccount/default"} {
		g.allowed(t, "", gone(free)...)
	}
	g.allowed(t, "", append(gone("secret/password"), "--as=system:serviceaccount:kube-system:namespace-controller", "--as-group=system:masters")...)
	if output, code := g.stateward(t, "alice", "confirm", "secret/password", "delete"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "references-in-use", gone("secret/password")...)

	canaryKeepsItsConfigMap(t, g)
}

// canaryKeepsItsConfigMap prunes the ConfigMap that pods of the former revision still use.
func canaryKeepsItsConfigMap(t *testing.T, g guard) {
	g.allowed(t, "", append(breakGlass(), "patch", "statefulset", "web", "--type=strategic", "-p",
		`{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}},"template":{"spec":{"containers":[{"name":"nginx","envFrom":[{"configMapRef":{"name":"former"}}]}]}}}}`)...)
	g.eventuallySays(t, false, "pods of an earlier revision use this ConfigMap and cannot start again without it: web-0", "delete", "configmap/settings", "--dry-run=server")
}
