package htmlreport

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/policies/engine"
)

// marks say which findings are drawn at which part.
type marks struct {
	set   []*listed
	parts map[engine.ObjectReference][]*listed
}

func (m marks) of(part topology.Part) []*listed { return m.parts[referenceOf(part)] }

func (m marks) has(pod topology.Pod) bool {
	if len(m.of(pod.Part)) > 0 {
		return true
	}
	return slices.ContainsFunc(pod.Claims, func(claim topology.Claim) bool {
		return len(m.of(claim.Part)) > 0 || claim.Volume != nil && len(m.of(*claim.Volume)) > 0
	})
}

func marksOf(one *object) marks {
	made := marks{parts: map[engine.ObjectReference][]*listed{}}
	parts := partsOf(one.set)
	for _, finding := range one.Findings {
		at := placesOf(finding, one, parts)
		if len(at) == 0 {
			made.set = append(made.set, finding)
		}
		for _, reference := range at {
			made.parts[reference] = append(made.parts[reference], finding)
		}
	}
	return made
}

// placesOf are the parts that a finding is about: its own object, the objects that it names, or those that its field
// describes. Without one it is about the set.
func placesOf(finding *listed, one *object, parts []topology.Part) (places []engine.ObjectReference) {
	if finding.Object != one.Reference {
		return []engine.ObjectReference{finding.Object}
	}
	words := strings.FieldsFunc(finding.What, isNoName)
	names := func(part topology.Part) bool {
		return slices.Contains(finding.Others, referenceOf(part)) || isNumbered(part) && slices.Contains(words, part.Name)
	}
	for _, part := range parts {
		if names(part) {
			places = append(places, referenceOf(part))
		}
	}
	if finding.Rule == aboutVolumes {
		places = volumesOf(one.set, names)
	}
	if len(places) > 0 {
		return places
	}
	switch {
	case strings.HasPrefix(finding.Field, "spec.serviceName") && one.set.Service != nil:
		return []engine.ObjectReference{referenceOf(*one.set.Service)}
	case finding.Rule == withoutBudget:
		return []engine.ObjectReference{referenceOf(noBudget(one.set))}
	case strings.HasPrefix(finding.Field, "spec.volumeClaimTemplates"), strings.HasPrefix(finding.Field, "spec.persistentVolumeClaimRetentionPolicy"):
		return claimsOf(one.set, finding.Field)
	}
	return nil
}

// isNumbered reports whether the name of a part is hardly a word of a sentence about something else: a Service is often
// called like its set.
func isNumbered(part topology.Part) bool {
	return slices.Contains([]string{"Pod", "PersistentVolumeClaim", "PersistentVolume"}, part.Kind)
}

// isNoName reports whether a character ends a name in a sentence.
func isNoName(char rune) bool {
	return !unicode.IsLetter(char) && !unicode.IsDigit(char) && char != '-'
}

// claimsOf are the claims of the template that the field is of, otherwise all.
func claimsOf(set *topology.Set, field string) (claims []engine.ObjectReference) {
	template := -1
	_, _ = fmt.Sscanf(field, "spec.volumeClaimTemplates[%d]", &template)
	for _, pod := range set.Pods {
		for index, claim := range pod.Claims {
			if template < 0 || index == template {
				claims = append(claims, referenceOf(claim.Part))
			}
		}
	}
	return claims
}

// volumesOf are the volumes of the claims that are named.
func volumesOf(set *topology.Set, names func(topology.Part) bool) (volumes []engine.ObjectReference) {
	for _, pod := range set.Pods {
		for _, claim := range pod.Claims {
			if claim.Volume != nil && names(claim.Part) {
				volumes = append(volumes, referenceOf(*claim.Volume))
			}
		}
	}
	return volumes
}

// aboutVolumes is the rule that names claims, and is about their volumes.
const aboutVolumes = "volume-retention"

// withoutBudget is the rule about sets that no budget selects.
const withoutBudget = "disruption-budget"

func noBudget(set *topology.Set) topology.Part {
	return topology.Part{Kind: "PodDisruptionBudget", Namespace: set.Namespace, Name: "none", Detail: "missing", State: topology.Missing}
}

// budgetsOf are the budgets of a set; a finding that there is none is drawn as one that is missing.
func budgetsOf(set *topology.Set, found marks) []topology.Part {
	if missing := noBudget(set); len(set.Budgets) == 0 && len(found.of(missing)) > 0 {
		return []topology.Part{missing}
	}
	return set.Budgets
}

// choose returns as many pods as fit into a drawing: first those with findings, in the order of the set.
func choose(pods []topology.Pod, found marks) (shown []topology.Pod, hidden int) {
	free := mostLines
	chosen := map[string]bool{}
	for _, wanted := range []bool{true, false} {
		for _, pod := range pods {
			lines := max(len(pod.Claims), 1)
			if found.has(pod) != wanted || lines > free && len(chosen) > 0 {
				continue
			}
			free -= lines
			chosen[pod.Name] = true
		}
	}
	shown = slices.DeleteFunc(slices.Clone(pods), func(pod topology.Pod) bool { return !chosen[pod.Name] })
	return shown, len(pods) - len(shown)
}
