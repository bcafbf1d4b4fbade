package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/owners"
	"github.com/stateward/stateward/policies"
)

// namedSets is how many StatefulSets are named where there are more.
const namedSets = 3

// checkOwners looks for StatefulSets that the deletion of a custom resource takes along, without a question or with their
// claims.
func (e *examination) checkOwners(ctx context.Context) {
	parents, _ := e.chosen(ctx)
	kinds, err := owners.Find(ctx, e.client, append(policies.Parents(), parents...))
	if err != nil {
		e.unchecked("StatefulSets", "", err, "their owners cannot be read")
		return
	}
	var deleting []string
	for _, kind := range kinds {
		deleting = append(deleting, kind.Deleting...)
		if !kind.Guarded {
			e.note("CustomResourceDefinition/"+kind.Name, "it owns %s and is not guarded: deleting such an object deletes its StatefulSets; "+
				"register it with `stateward rules registration --parent %s`", someOf(kind.Sets), kind.Name)
		}
	}
	if len(deleting) > 0 {
		slices.Sort(deleting)
		e.note("StatefulSets", "%s has an owner and whenDeleted: Delete: deleting the owner deletes the claims too", someOf(slices.Compact(deleting)))
	}
}

// someOf names the first of many.
func someOf(sets []string) string {
	if len(sets) <= namedSets {
		return "StatefulSet " + strings.Join(sets, ", ")
	}
	return fmt.Sprintf("StatefulSet %s and %d more", strings.Join(sets[:namedSets], ", "), len(sets)-namedSets)
}
