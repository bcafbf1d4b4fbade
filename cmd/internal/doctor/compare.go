package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// longestTimeout is what a person, and a controller's own deadline, can be made to wait.
const longestTimeout = 10

// compareWebhook reports how a webhook differs from the one that the rules need. If it checks less, or could block the
// cluster, that is a problem; the rest is a note.
func (e *examination) compareWebhook(want, got registeredWebhook) {
	e.compareRules(want, got)
	e.compareFailurePolicy(want, got)
	e.compareSelectors(want, got)
	e.compareConditions(want, got)
	e.compareClient(want, got)
	if value(got.MatchPolicy) != value(want.MatchPolicy) {
		e.problem(got.String(), reapply, "matchPolicy is %s, not %s: requests in another API version are not checked", value(got.MatchPolicy), value(want.MatchPolicy))
	}
	if value(got.SideEffects) != value(want.SideEffects) {
		// An API server takes None and NoneOnDryRun alone, and sends dry runs with both.
		e.note(got.String(), "sideEffects is %s, the manifests have %s", value(got.SideEffects), value(want.SideEffects))
	}
	if value(got.Reinvocation) != value(want.Reinvocation) {
		e.problem(got.String(), reapply, "reinvocationPolicy is %s, not %s: later changes by other webhooks are not checked", value(got.Reinvocation), value(want.Reinvocation))
	}
	switch seconds := value(got.TimeoutSeconds); {
	case seconds > longestTimeout:
		e.problem(got.String(), reapply, "timeoutSeconds is %d: when Stateward hangs, every request waits that long", seconds)
	case seconds != value(want.TimeoutSeconds):
		e.note(got.String(), "timeoutSeconds is %d, the manifests have %d", seconds, value(want.TimeoutSeconds))
	}
}

func value[T any](pointer *T) (value T) {
	if pointer != nil {
		value = *pointer
	}
	return value
}

// compareRules compares single requests: one rule may say what another says in two.
func (e *examination) compareRules(want, got registeredWebhook) {
	wanted, there := requests(want.Rules), requests(got.Rules)
	for _, each := range slices.Sorted(maps.Keys(wanted)) {
		if !there.covers(each, wanted[each]) {
			e.problem(got.String(), reapply, "its rules lack %s: these requests are not checked", each)
		}
	}
	for _, each := range slices.Sorted(maps.Keys(there)) {
		if !wanted.covers(each, there[each]) {
			e.note(got.String(), "its rules also include %s, which no Stateward rule checks", each)
		}
	}
}

// requestSet holds requests as "OPERATION RESOURCE.GROUP/VERSION", with their scope.
type requestSet map[string]admissionregistrationv1.ScopeType

func requests(rules []admissionregistrationv1.RuleWithOperations) requestSet {
	set := requestSet{}
	for _, rule := range rules {
		for _, operation := range rule.Operations {
			for _, group := range rule.APIGroups {
				for _, version := range rule.APIVersions {
					for _, resource := range rule.Resources {
						set[fmt.Sprintf("%s %s.%s/%s", operation, resource, group, version)] = value(rule.Scope)
					}
				}
			}
		}
	}
	return set
}

// covers treats a star as a wildcard.
func (s requestSet) covers(request string, scope admissionregistrationv1.ScopeType) bool {
	operation, rest, _ := strings.Cut(request, " ")
	resource, rest, _ := strings.Cut(rest, ".")
	// A group may have dots, and the last slash is before the version.
	slash := strings.LastIndex(rest, "/")
	group, version := rest[:slash], rest[slash+1:]
	resources := []string{resource, "*/*"}
	if parent, subresource, is := strings.Cut(resource, "/"); is {
		resources = append(resources, parent+"/*", "*/"+subresource)
	} else {
		resources = append(resources, "*")
	}
	for _, operation := range []string{operation, "*"} {
		for _, group := range []string{group, "*"} {
			for _, version := range []string{version, "*"} {
				for _, resource := range resources {
					found, is := s[fmt.Sprintf("%s %s.%s/%s", operation, resource, group, version)]
					if is && (found == scope || found == admissionregistrationv1.AllScopes) {
						return true
					}
				}
			}
		}
	}
	return false
}

func (e *examination) compareFailurePolicy(want, got registeredWebhook) {
	switch wanted, policy := value(want.FailurePolicy), value(got.FailurePolicy); {
	case policy == wanted:
	case policy == admissionregistrationv1.Fail:
		e.note(got.String(), "failurePolicy is Fail, the manifests have Ignore: when Stateward is down, %s is rejected", summary(got.Rules))
	case e.unsure:
		e.unchecked(got.String(), "first make the Guardrails readable", nil, "failurePolicy is %s: whether that is right depends on the active Guardrails", policy)
	case !e.stopsSomething():
		e.note(got.String(), "failurePolicy is Ignore, as in an installation that only records: the Guardrails deny nothing")
	default:
		e.problem(got.String(), reapply, "failurePolicy is %s, not %s: when Stateward is down, requests that the rules deny are allowed", policy, wanted)
	}
}

// compareSelectors knows that a webhook must leave alone what it needs itself, and may leave alone more.
func (e *examination) compareSelectors(want, got registeredWebhook) {
	if !isEmpty(got.ObjectSelector) {
		e.problem(got.String(), reapply, "objectSelector %s exempts objects with other labels, and every user chooses the labels of the objects they create",
			metav1.FormatLabelSelector(got.ObjectSelector))
	}
	if isEmpty(want.NamespaceSelector) {
		if !isEmpty(got.NamespaceSelector) {
			e.note(got.String(), "namespaceSelector %s is not in the manifests", metav1.FormatLabelSelector(got.NamespaceSelector))
		}
		return
	}
	wanted := want.NamespaceSelector.MatchExpressions[0]
	exempt, others := exemptions(got.NamespaceSelector, wanted)
	for _, namespace := range wanted.Values {
		if !slices.Contains(exempt, namespace) {
			e.problem(got.String(), reapply, "namespace %s is not exempt: when Stateward is down, the objects that it needs to start may be rejected", namespace)
		}
	}
	for _, namespace := range exempt {
		// What makes the certificates is exempt by the manifests too.
		if !slices.Contains(wanted.Values, namespace) && (!e.registered.byCertManager || namespace != "cert-manager") {
			e.note(got.String(), "namespace %s is exempt: nothing in it is checked", namespace)
		}
	}
	if others != "" {
		e.note(got.String(), "only namespaces with %s are checked", others)
	}
}

// exemptions are the namespaces that a selector leaves out as wanted does, and what else it asks for.
func exemptions(selector *metav1.LabelSelector, wanted metav1.LabelSelectorRequirement) (exempt []string, others string) {
	if selector == nil {
		return nil, ""
	}
	rest := metav1.LabelSelector{MatchLabels: selector.MatchLabels}
	for _, requirement := range selector.MatchExpressions {
		if requirement.Key == wanted.Key && requirement.Operator == wanted.Operator {
			exempt = append(exempt, requirement.Values...)
			continue
		}
		rest.MatchExpressions = append(rest.MatchExpressions, requirement)
	}
	if isEmpty(&rest) {
		return exempt, ""
	}
	return exempt, metav1.FormatLabelSelector(&rest)
}

func isEmpty(selector *metav1.LabelSelector) bool {
	return selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0
}

func (e *examination) compareConditions(want, got registeredWebhook) {
	there := map[string]string{}
	for _, condition := range got.MatchConditions {
		there[condition.Name] = condition.Expression
	}
	for _, condition := range want.MatchConditions {
		expression, found := there[condition.Name]
		delete(there, condition.Name)
		switch {
		case !found:
			e.problem(got.String(), reapply, "matchCondition %q is missing: requests that are always allowed wait for Stateward", condition.Name)
		case expression != condition.Expression:
			e.problem(got.String(), reapply, "matchCondition %q differs from the one that the rules need: %s", condition.Name, expression)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		e.note(got.String(), "matchCondition %q is not in the manifests, and skips every request for which it is false: %s", name, there[name])
	}
}

// compareClient looks at where the webhook is called; whether it answers there is for other checks.
func (e *examination) compareClient(want, got registeredWebhook) {
	path := *want.ClientConfig.Service.Path
	switch service, url := got.ClientConfig.Service, got.ClientConfig.URL; {
	case url != nil && !strings.HasSuffix(*url, path):
		e.problem(got.String(), reapply, "its URL is %s, but Stateward serves %s", *url, path)
	case service != nil && value(service.Path) != path:
		e.problem(got.String(), reapply, "its URL is path %q, but Stateward serves %q", value(service.Path), path)
	}
}
