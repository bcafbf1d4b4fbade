package cli

import (
	"cmp"
	"slices"

	"github.com/stateward/stateward/cmd/internal/topology"
)

// draws reports whether a format needs the parts of StatefulSets.
func draws(outputs []output) bool {
	return slices.ContainsFunc(outputs, func(each output) bool { return each.draws })
}

// sets are the StatefulSets of the manifests, each with what its inventory holds. They are found before documents are evaluated,
// because only the name of an evaluated one is left.
func (i input) sets(outputs []output, namespace string) (sets []topology.Set) {
	if !draws(outputs) {
		return nil
	}
	for _, each := range i.groups {
		var objects []topology.Object
		for _, document := range each.objects() {
			objects = append(objects, topology.Object{
				File: reported(document.Position(nil)).File, Kind: document.Kind, Namespace: cmp.Or(document.Namespace, namespace), Name: document.Name, Raw: document.Raw,
			})
		}
		sets = append(sets, topology.Sets(objects, topology.Options{})...)
	}
	return sets
}

// sets are the stored StatefulSets.
func (s *stock) sets(outputs []output) []topology.Set {
	if !draws(outputs) {
		return nil
	}
	objects := make([]topology.Object, 0, len(s.objects))
	for _, each := range s.objects {
		objects = append(objects, topology.Object{File: each.Position.File, Kind: each.Kind, Namespace: each.Namespace, Name: each.Name, Raw: each.Raw})
	}
	return topology.Sets(objects, topology.Options{Stored: true, Known: s.known})
}
