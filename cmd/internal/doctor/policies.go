package doctor

import (
	"context"
	"maps"
	"reflect"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/cmd/internal/vap"
)

// exportAgain is the way out of policies that are of other Guardrails than those in force.
const exportAgain = "export them again: kubectl get guardrails stateward -o yaml > guardrails.yaml; stateward export vap --config guardrails.yaml | kubectl apply -f -"

// checkPolicies compares the policies that were exported with what would be exported now: they do not follow the
// Guardrails by themselves.
func (e *examination) checkPolicies(ctx context.Context) {
	there, err := e.exported(ctx)
	if err != nil {
		e.unchecked("", "", err, "whether ValidatingAdmissionPolicies exist is unknown")
		return
	}
	if len(there) == 0 {
		return
	}
	if e.unsure {
		e.unchecked("", "first make the Guardrails readable", nil, "the ValidatingAdmissionPolicies cannot be compared with the active Guardrails")
		return
	}
	objects, err := vap.Export(e.Library, vap.Options{Guardrails: e.guardrails, Now: e.Now})
	if err != nil {
		e.unchecked("", "", err, "the ValidatingAdmissionPolicies cannot be compared with the Guardrails")
		return
	}
	before := len(e.findings)
	for _, object := range objects {
		wanted := object.(client.Object)
		key := kindOf(wanted) + "/" + wanted.GetName()
		got, found := there[key]
		delete(there, key)
		switch {
		case !found:
			e.problem(key, exportAgain, "it is missing, although other exported policies exist")
		case !reflect.DeepEqual(essence(wanted), essence(got)):
			e.problem(key, exportAgain, "it differs from the rule under these Guardrails")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(there)) {
		e.problem(key, "kubectl delete "+key, "it belongs to no rule that is active under these Guardrails")
	}
	if len(e.findings) == before {
		e.ok("", "the ValidatingAdmissionPolicies match the rules under these Guardrails")
	}
}

// exported are the policies and bindings that `stateward export vap` once wrote, by KIND/NAME.
func (e *examination) exported(ctx context.Context) (map[string]client.Object, error) {
	var policies admissionregistrationv1.ValidatingAdmissionPolicyList
	var bindings admissionregistrationv1.ValidatingAdmissionPolicyBindingList
	for _, list := range []client.ObjectList{&policies, &bindings} {
		if err := e.client.List(ctx, list, client.MatchingLabels(vap.Labels())); err != nil {
			return nil, err
		}
	}
	there := map[string]client.Object{}
	for index := range policies.Items {
		there[kindOf(&policies.Items[index])+"/"+policies.Items[index].Name] = &policies.Items[index]
	}
	for index := range bindings.Items {
		there[kindOf(&bindings.Items[index])+"/"+bindings.Items[index].Name] = &bindings.Items[index]
	}
	return there, nil
}

func kindOf(object client.Object) string {
	if _, is := object.(*admissionregistrationv1.ValidatingAdmissionPolicyBinding); is {
		return "ValidatingAdmissionPolicyBinding"
	}
	return "ValidatingAdmissionPolicy"
}

// essence is what a policy or a binding says, without what an API server fills in.
func essence(object client.Object) []any {
	switch each := object.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		spec := each.Spec
		return []any{value(spec.FailurePolicy), spec.MatchConditions, spec.Variables, spec.Validations, spec.MatchConstraints.ResourceRules, spec.MatchConstraints.NamespaceSelector}
	case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
		parts := []any{each.Spec.PolicyName, each.Spec.ValidationActions}
		if resources := each.Spec.MatchResources; resources != nil {
			for _, selector := range []*metav1.LabelSelector{resources.NamespaceSelector, resources.ObjectSelector} {
				if !isEmpty(selector) {
					parts = append(parts, *selector)
				}
			}
		}
		return parts
	default:
		return nil
	}
}
