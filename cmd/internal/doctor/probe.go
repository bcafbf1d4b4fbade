package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// probeName is the name of what is tried, and the id of a rule that there is not.
const probeName = "stateward-doctor-probe"

// probe sends dry runs that must be refused: Guardrails that name an unknown rule, whatever
// the Guardrails say, and a StatefulSet with a claim template that cannot work, where the Guardrails in force deny that.
func (e *examination) probe(ctx context.Context) {
	e.tryGuardrails(ctx)
	e.tryStatefulSet(ctx)
}

func (e *examination) tryGuardrails(ctx context.Context) {
	wrong := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GuardrailsAPIVersion, "kind": v1alpha1.GuardrailsKind,
		"metadata": map[string]any{"name": v1alpha1.GuardrailsName},
		"spec":     map[string]any{"rules": []any{map[string]any{"id": probeName}}},
	}}
	// Applying is the one request that fits whether there are Guardrails or not.
	err := e.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(wrong), client.FieldOwner(probeName), client.ForceOwnership, client.DryRunAll)
	e.evaluateProbe(err, fmt.Sprintf("unknown rule %q", probeName), "a Guardrails object with an unknown rule")
}

func (e *examination) tryStatefulSet(ctx context.Context) {
	const what = "a StatefulSet that mounts a block device as a folder"
	set := probeSet(e.Namespace)
	if e.unsure {
		e.unchecked("", "first make the Guardrails readable", nil, "%s was not tried in namespace %s: whether it is denied depends on the active Guardrails", what, e.Namespace)
		return
	}
	denied, err := e.wouldDeny(ctx, set)
	if err != nil {
		e.unchecked("", "", err, "%s was not tried in namespace %s", what, e.Namespace)
		return
	}
	if !denied {
		e.note("", "%s was not tried in namespace %s: the Guardrails do not deny it there", what, e.Namespace)
		return
	}
	e.evaluateProbe(e.client.Create(ctx, set, client.DryRunAll), "[shared-claim]", what)
}

// wouldDeny evaluates a StatefulSet here, by the Guardrails of the cluster.
func (e *examination) wouldDeny(ctx context.Context, set *appsv1.StatefulSet) (bool, error) {
	var namespace corev1.Namespace
	if err := e.client.Get(ctx, client.ObjectKey{Name: set.Namespace}, &namespace); err != nil {
		return false, err
	}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	inv := inventory.NewSnapshot(set.Namespace, []string{"namespaces", "services"})
	encoded, err := json.Marshal(namespace)
	if err != nil {
		return false, err
	}
	if err := inv.Add(encoded); err != nil {
		return false, err
	}
	decider, err := engine.New(ctx, e.Library, e.guardrails)
	if err != nil {
		return false, err
	}
	object, err := json.Marshal(set)
	if err != nil {
		return false, err
	}
	decision, err := decider.Decide(ctx, engine.Request{
		Phase: engine.ValidatingPhase, Operation: "CREATE", Group: appsv1.GroupName, Kind: "StatefulSet", Resource: "statefulsets",
		Namespace: set.Namespace, Name: set.Name, Object: object, DryRun: true, Time: e.Now,
	}, inv)
	if err != nil {
		return false, err
	}
	for _, finding := range decision.Findings {
		if finding.Rule == "shared-claim" && finding.Level == policies.Deny {
			return true, nil
		}
	}
	return false, nil
}

// evaluateProbe distinguishes a denial of Stateward from other errors.
func (e *examination) evaluateProbe(err error, words, what string) {
	switch {
	case err == nil:
		e.problem("", "correct the problems above; if there are none, check the log of `stateward serve`",
			"%s was accepted by the API server (dry run): it is not checked", what)
	case strings.Contains(err.Error(), words) && strings.Contains(err.Error(), "stateward.dev\" denied the request"):
		e.ok("", "%s was denied (dry run)", what)
	case strings.Contains(err.Error(), "failed calling webhook"):
		e.problem("", "correct the problems above; in an emergency, use --as-group=stateward:breakglass",
			"the API server cannot call Stateward: %v", err)
	default:
		e.unchecked("", "", err, "%s was rejected (dry run), but not by Stateward", what)
	}
}

// probeSet mounts a block device as a folder, which API servers accept and no exported policy covers: only the webhook
// denies it.
func probeSet(namespace string) *appsv1.StatefulSet {
	labels := map[string]string{"app.kubernetes.io/name": probeName}
	block := corev1.PersistentVolumeBlock
	return &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{Name: probeName, Namespace: namespace},
		Spec: appsv1.StatefulSetSpec{
			ServiceName: probeName,
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, VolumeMode: &block,
					Resources: corev1.VolumeResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
					},
				},
			}},
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "probe", Image: "example.com/probe:1",
					VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
				}}},
			},
		},
	}
}
