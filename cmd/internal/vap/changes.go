package vap

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/stateward/stateward/policies"
)

// changes are the conditions that leave out the updates which change nothing that the rule checks a change of.
func changes(rule policies.Rule) (conditions []admissionregistrationv1.MatchCondition) {
	for resource, operations := range rule.CEL.Requests(rule) {
		fields := rule.Changes[resource]
		if len(fields) == 0 || !slices.Contains(operations, policies.Update) {
			continue
		}
		known, _ := policies.LookupResource(resource)
		expressions := []string{
			"request.operation != 'UPDATE'",
			fmt.Sprintf("request.resource.resource != '%s'", known.Name),
			fmt.Sprintf("request.?subResource.orValue('') != '%s'", known.Subresource),
		}
		for _, field := range fields {
			path := ".?" + strings.ReplaceAll(field, ".", ".?")
			expressions = append(expressions, fmt.Sprintf("object%[1]s != oldObject%[1]s", path))
		}
		conditions = append(conditions, admissionregistrationv1.MatchCondition{
			Name: strings.ReplaceAll(resource, "/", "-") + "-change", Expression: strings.Join(expressions, " || "),
		})
	}
	slices.SortFunc(conditions, func(a, b admissionregistrationv1.MatchCondition) int { return strings.Compare(a.Name, b.Name) })
	return conditions
}
