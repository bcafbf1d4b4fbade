package inventory

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// SelectorIndex finds things whose selector labels are a subset of given labels. Things with the same label names share an
// entry, keyed by the values: there are few sets of names, however many things there are. The zero value is empty; once
// everything is added it is safe for concurrent use.
type SelectorIndex[T any] struct{ byNames map[string]*selectorSet[T] }

// selectorSet holds the things that select labels of these names.
type selectorSet[T any] struct {
	names    []string
	byValues map[string][]T
}

// Add adds a thing that selects these labels.
func (i *SelectorIndex[T]) Add(thing T, labels Labels) {
	names := slices.Sorted(maps.Keys(labels))
	id := joined(names)
	if i.byNames == nil {
		i.byNames = map[string]*selectorSet[T]{}
	}
	if i.byNames[id] == nil {
		// A name is a part of the object's text: a copy lets that be freed.
		for index, name := range names {
			names[index] = strings.Clone(name)
		}
		i.byNames[id] = &selectorSet[T]{names: names, byValues: map[string][]T{}}
	}
	values, _ := labels.values(names)
	i.byNames[id].byValues[values] = append(i.byNames[id].byValues[values], thing)
}

// Subsets returns the things whose selector labels are a subset of these.
func (i *SelectorIndex[T]) Subsets(labels Labels) iter.Seq[T] {
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

// PodLabelIndex finds things by each of their labels. The zero value is empty; once all is added it is safe for concurrent
// use.
type PodLabelIndex[T any] struct{ byLabel map[string][]T }

// Add adds a thing with these labels.
func (i *PodLabelIndex[T]) Add(thing T, labels Labels) {
	if i.byLabel == nil {
		i.byLabel = map[string][]T{}
	}
	for name, value := range labels {
		label := joined([]string{name, value})
		i.byLabel[label] = append(i.byLabel[label], thing)
	}
}

// Candidates returns the things that have one of these labels, the rarest. They include those with all of the labels.
func (i *PodLabelIndex[T]) Candidates(labels Labels) (fewest []T) {
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

// joined returns one text for the parts, another one for ["a", "b"] than for ["ab"].
func joined(parts []string) string {
	var text []byte
	for _, part := range parts {
		text = strconv.AppendQuote(text, part)
	}
	return string(text)
}
