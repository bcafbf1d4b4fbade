package registration

import (
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
)

const (
	definitionsGroup    = "apiextensions.k8s.io"
	definitionsResource = "customresourcedefinitions"
)

// ofParents are the rules for custom resources that own StatefulSets, one for each API group, and for their
// CustomResourceDefinitions. An API server takes rules for groups that it does not have.
func ofParents(operations []admissionregistrationv1.OperationType) (list []admissionregistrationv1.RuleWithOperations) {
	for _, group := range parentGroups() {
		rule := admissionregistrationv1.Rule{
			APIGroups: []string{group}, APIVersions: []string{"*"}, Scope: pointer(admissionregistrationv1.NamespacedScope),
		}
		for _, parent := range policies.Parents() {
			if parent.Group == group {
				rule.Resources = append(rule.Resources, parent.Resource)
			}
		}
		list = append(list, admissionregistrationv1.RuleWithOperations{Operations: operations, Rule: rule})
	}
	return append(list, admissionregistrationv1.RuleWithOperations{Operations: operations, Rule: admissionregistrationv1.Rule{
		APIGroups: []string{definitionsGroup}, APIVersions: []string{"v1"}, Resources: []string{definitionsResource},
		Scope: pointer(admissionregistrationv1.ClusterScope),
	}})
}

// parentDefinitions leaves out the CustomResourceDefinitions of all other groups, Stateward's own among them.
func parentDefinitions() admissionregistrationv1.MatchCondition {
	return condition("of-definitions-only-those-of-owners",
		"request.resource.resource != '"+definitionsResource+"' ||",
		"oldObject.spec.group in ['"+strings.Join(parentGroups(), "', '")+"']")
}

func parentGroups() []string {
	var groups []string
	for _, parent := range policies.Parents() {
		groups = append(groups, parent.Group)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}
