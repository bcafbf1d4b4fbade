package report

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is what is wrong with the input, apart from what rules find.
type Problem struct {
	Position
	Message string
	// Unreadable says that the input could not be read; the others are warnings.
	Unreadable bool
}

// LeftOut is what was not taken for a manifest.
type LeftOut struct {
	Position
	// Reason can be read after a number of files.
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// Note says that it may hold a manifest, so that a person has to read of it.
	Note bool `json:"note,omitempty"`
}

// Unreadable counts what could not be read.
func (r *Result) Unreadable() (n int) {
	for _, each := range r.Problems {
		if each.Unreadable {
			n++
		}
	}
	return n
}

// word is the level of a problem for a person.
func (p Problem) word() string {
	if p.Unreadable {
		return "error"
	}
	return "warning"
}

func (p Problem) line() string {
	return fmt.Sprintf("%s: %s: %s", p.place(), p.word(), Clean(p.Message))
}

func (l LeftOut) line() string {
	return fmt.Sprintf("note: %s: %s", l.place(), Clean(l.Detail))
}

// notes are those that a person has to read of.
func (r *Result) notes() (notes []LeftOut) {
	for _, each := range r.LeftOut {
		if each.Note {
			notes = append(notes, each)
		}
	}
	return notes
}

// leftOut counts the files by reason, in the order in which they were met.
func (r *Result) leftOut() string {
	var reasons []string
	files := map[string]map[string]bool{}
	for _, each := range r.LeftOut {
		if files[each.Reason] == nil {
			reasons = append(reasons, each.Reason)
			files[each.Reason] = map[string]bool{}
		}
		files[each.Reason][each.File] = true
	}
	slices.Sort(reasons)
	var parts []string
	for _, reason := range reasons {
		parts = append(parts, fmt.Sprintf("%s: %s", reason, Plural(len(files[reason]), "file")))
	}
	return strings.Join(parts, ", ")
}
