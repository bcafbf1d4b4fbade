package htmlreport

import (
	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/policies/engine"
)

// home is where a finding is listed: a StatefulSet, or the object itself. The file is part of it because two overlays may
// hold a set of the same name.
type home struct {
	engine.ObjectReference

	file string
}

// homes find the set that an object belongs to.
type homes struct {
	sets map[home]*topology.Set
	// parts has the home of each part, and an empty one for a part of several sets.
	parts map[engine.ObjectReference]home
}

func newHomes(sets []topology.Set) homes {
	made := homes{sets: map[home]*topology.Set{}, parts: map[engine.ObjectReference]home{}}
	for index := range sets {
		set := &sets[index]
		at := home{engine.ObjectReference{Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name}, set.File}
		made.sets[at] = set
		for _, part := range partsOf(set) {
			reference := referenceOf(part)
			if known, isShared := made.parts[reference]; isShared && known != at {
				at := home{}
				made.parts[reference] = at
				continue
			}
			made.parts[reference] = at
		}
	}
	return made
}

// of is where a finding is listed.
func (h homes) of(finding Finding) home {
	if at := h.parts[finding.Object]; at != (home{}) {
		return at
	}
	return home{finding.Object, finding.File}
}

func referenceOf(part topology.Part) engine.ObjectReference {
	return engine.ObjectReference{Kind: part.Kind, Namespace: part.Namespace, Name: part.Name}
}

// partsOf lists all parts of a set.
func partsOf(set *topology.Set) (parts []topology.Part) {
	if set.Service != nil {
		parts = append(parts, *set.Service)
	}
	parts = append(parts, set.Budgets...)
	for _, pod := range set.Pods {
		parts = append(parts, pod.Part)
		for _, claim := range pod.Claims {
			parts = append(parts, claim.Part)
			if claim.Volume != nil {
				parts = append(parts, *claim.Volume)
			}
		}
	}
	return parts
}
