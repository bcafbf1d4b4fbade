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
	// definitionsCondition names the condition that leaves out CustomResourceDefinitions of other groups.
	definitionsCondition = "of-definitions-only-those-of-owners"
)

// ofParents are the rules for custom resources that own StatefulSets, one for each API group, and for their
// CustomResourceDefinitions. An API server takes rules for groups that it does not have.
func ofParents(parents []policies.Parent, operations []admissionregistrationv1.OperationType) (list []admissionregistrationv1.RuleWithOperations) {
	for _, group := range groupsOf(parents) {
		rule := admissionregistrationv1.Rule{
			APIGroups: []string{group}, APIVersions: []string{"*"}, Scope: pointer(admissionregistrationv1.NamespacedScope),
		}
		for _, parent := range parents {
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

// definitionStatus is the rule for the status of CustomResourceDefinitions, with which their metadata are written. The API
// server takes no metadata from the status of a custom resource.
func definitionStatus(operations []admissionregistrationv1.OperationType) []admissionregistrationv1.RuleWithOperations {
	if !slices.Contains(operations, admissionregistrationv1.Update) {
		return nil
	}
	return []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
		Rule: admissionregistrationv1.Rule{
			APIGroups: []string{definitionsGroup}, APIVersions: []string{"v1"}, Resources: []string{definitionsResource + "/status"},
			Scope: pointer(admissionregistrationv1.ClusterScope),
		},
	}}
}

// parentDefinitions leaves out the CustomResourceDefinitions of all other groups, Stateward's own among them.
func parentDefinitions(groups []string) admissionregistrationv1.MatchCondition {
	return condition(definitionsCondition,
		"request.resource.resource != '"+definitionsResource+"' ||",
		"oldObject.spec.group in ['"+strings.Join(groups, "', '")+"']")
}

func groupsOf(parents []policies.Parent) []string {
	var groups []string
	for _, parent := range parents {
		groups = append(groups, parent.Group)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// MoreParents are the custom resources whose deletion a configuration sends to Stateward, beside policies.Parents.
func MoreParents(configuration *admissionregistrationv1.ValidatingWebhookConfiguration) (more []policies.Parent) {
	for _, webhook := range configuration.Webhooks {
		if strings.TrimPrefix(webhook.Name, managedPrefix) != criticalName {
			continue
		}
		for _, rule := range webhook.Rules {
			more = append(more, parentsIn(rule.Rule)...)
		}
	}
	return more
}

func parentsIn(rule admissionregistrationv1.Rule) (more []policies.Parent) {
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			parent := policies.Parent{Group: group, Resource: resource}
			_, known := policies.LookupResource(resource)
			if !known && group != "" && group != definitionsGroup && !policies.IsParent(parent) {
				more = append(more, parent)
			}
		}
	}
	return more
}
