package inventory

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// WantedIndex finds things by labels of which theirs are a part. Things that want labels of the same names are kept
// together, by the values: there are few such sets of names, however many things there are. The zero value is empty; once
// all is added it is safe for concurrent use.
type WantedIndex[T any] struct{ byNames map[string]*wantedSet[T] }

// wantedSet are the things that want labels of these names.
type wantedSet[T any] struct {
	names    []string
	byValues map[string][]T
}

// Add puts in a thing that wants these labels.
func (i *WantedIndex[T]) Add(thing T, labels Labels) {
	names := slices.Sorted(maps.Keys(labels))
	id := joined(names)
	if i.byNames == nil {
		i.byNames = map[string]*wantedSet[T]{}
	}
	if i.byNames[id] == nil {
		// What is read of an object is a part of its text, which is not to be held for that.
		for index, name := range names {
			names[index] = strings.Clone(name)
		}
		i.byNames[id] = &wantedSet[T]{names: names, byValues: map[string][]T{}}
	}
	values, _ := labels.values(names)
	i.byNames[id].byValues[values] = append(i.byNames[id].byValues[values], thing)
}

// Within returns the things that want no other label than these.
func (i *WantedIndex[T]) Within(labels Labels) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, set := range i.byNames {
			values, all := labels.values(set.names)
			if !all {
				continue
			}
			for _, thing := range set.byValues[values] {
				if !yield(thing) {
					return
				}
			}
		}
	}
}

// GivenIndex finds things by each of their labels. The zero value is empty; once all is added it is safe for concurrent
// use.
type GivenIndex[T any] struct{ byLabel map[string][]T }

// Add puts in a thing with these labels.
func (i *GivenIndex[T]) Add(thing T, labels Labels) {
	if i.byLabel == nil {
		i.byLabel = map[string][]T{}
	}
	for name, value := range labels {
		label := joined([]string{name, value})
		i.byLabel[label] = append(i.byLabel[label], thing)
	}
}

// Near returns the things that have one of these labels: that which the fewest have. Those with all of the labels are
// among them.
func (i *GivenIndex[T]) Near(labels Labels) (fewest []T) {
	first := true
	for name, value := range labels {
		if found := i.byLabel[joined([]string{name, value})]; first || len(found) < len(fewest) {
			fewest, first = found, false
		}
	}
	return fewest
}

// values joins the values of labels of these names; all is false where one is missing.
func (l Labels) values(names []string) (values string, all bool) {
	found := make([]string, 0, len(names))
	for _, name := range names {
		value, has := l[name]
		if !has {
			return "", false
		}
		found = append(found, value)
	}
	return joined(found), true
}

// joined tells ["a", "b"] from ["ab"], whatever stands in them.
func joined(parts []string) string {
	var text []byte
	for _, part := range parts {
		text = strconv.AppendQuote(text, part)
	}
	return string(text)
}
