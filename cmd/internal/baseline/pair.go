package baseline

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
)

// Change is what becomes of one object. Before is nil for one that is new, After for one that is gone. What only an
// API server writes is left out of both.
type Change struct {
	Before, After *manifest.Document
	// Same says that both versions are equal.
	Same bool
	// Revision is that of the baseline, for one that is gone; the name of its file begins with it.
	Revision string
}

// key is what makes two documents versions of one object: the version of the API may change, the file too.
type key struct{ group, kind, namespace, name string }

// Pair finds the two versions of each object: all of the new tree in their order, then those that are gone, in
// theirs. Objects that name no namespace are in namespace. Each copy of an object that the new tree holds twice is a change
// of its own, with a note; its old version is the copy in the file whose name is most alike.
//
// AdmissionReviews and objects without a name have one version only.
func Pair(before, after Tree, namespace string) ([]Change, []string, error) {
	notes := slices.Clone(before.Notes)
	old := map[key]*copies{}
	var order []key
	for _, document := range before.Documents {
		one := keyOf(document, namespace)
		if !isPaired(document) {
			continue
		}
		plain, err := asWritten(document)
		if err != nil {
			return nil, nil, err
		}
		if first, twice := old[one]; twice {
			notes = append(notes, fmt.Sprintf("%s: %s is in the baseline twice, first at %s: each is compared with the file whose name is most like its own",
				document.Position(nil), named(document, namespace), first.all[0].Position(nil)))
		} else {
			old[one] = &copies{revision: before.Revision}
			order = append(order, one)
		}
		old[one].all = append(old[one].all, plain)
	}
	changes, twice, err := pairNew(after.Documents, old, namespace)
	if err != nil {
		return nil, nil, err
	}
	notes = append(notes, twice...)
	for _, one := range order {
		if old[one].paired {
			continue
		}
		if gone := old[one].last(); !unseen(before, after, *gone) {
			changes = append(changes, Change{Before: gone, Revision: before.Revision})
		}
	}
	return changes, append(notes, after.Notes...), nil
}

// copies are the documents of one object in the baseline.
type copies struct {
	all      []manifest.Document
	revision string
	// paired says that the new tree has the object too.
	paired bool
}

func (c *copies) last() *manifest.Document { return &c.all[len(c.all)-1] }

// like returns the copy in the file whose name ends most like this one; of several the last.
func (c *copies) like(file string) *manifest.Document {
	best, most := c.last(), 0
	for index := range c.all {
		if alike := commonEnd(strings.TrimPrefix(c.all[index].File, c.revision+":"), file); alike >= most {
			best, most = &c.all[index], alike
		}
	}
	return best
}

// commonEnd returns how many last elements two paths have in common.
func commonEnd(left, right string) (count int) {
	a, b := strings.Split(filepath.ToSlash(left), "/"), strings.Split(filepath.ToSlash(right), "/")
	for count < min(len(a), len(b)) && a[len(a)-1-count] == b[len(b)-1-count] {
		count++
	}
	return count
}

// unseen reports whether an object of the baseline may well be there still: in a file that could not be read, or that is
// left out now.
func unseen(before, after Tree, document manifest.Document) bool {
	if before.Revision == "" {
		return after.Unreadable != nil
	}
	file := filepath.Join(before.Top, strings.TrimPrefix(document.File, before.Revision+":"))
	for _, each := range manifest.Errors(after.Unreadable) {
		if isWithin(file, each.File) {
			return true
		}
	}
	return slices.ContainsFunc(after.LeftOut, func(each manifest.LeftOut) bool {
		// A document that is none now hides nothing.
		return each.Reason != manifest.NotKubernetes && isWithin(file, each.File)
	})
}

// isWithin reports whether a file is the one of this name, or lies in the folder of this name.
func isWithin(file, name string) bool {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return false
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = resolved
	}
	below, err := filepath.Rel(absolute, file)
	return err == nil && filepath.IsLocal(below)
}

// pairNew finds each document's old version, and marks the objects of old that have a new one.
func pairNew(documents []manifest.Document, old map[key]*copies, namespace string) (changes []Change, notes []string, err error) {
	seen := map[key]manifest.Document{}
	for _, document := range documents {
		if document.IsAdmissionReview() {
			changes = append(changes, Change{After: &document})
			continue
		}
		plain, err := asWritten(document)
		if err != nil {
			return nil, nil, err
		}
		if !isPaired(document) {
			changes = append(changes, Change{After: &plain})
			continue
		}
		one := keyOf(document, namespace)
		if first, twice := seen[one]; twice {
			notes = append(notes, fmt.Sprintf("%s: %s is written twice, first at %s: both are judged, and where both are applied, the last one counts; "+
				"remove one of them, or check what is applied together apart from the rest", document.Position(nil), named(document, namespace), first.Position(nil)))
		} else {
			seen[one] = document
		}
		change := Change{After: &plain}
		if was, found := old[one]; found {
			was.paired = true
			change.Before = was.like(document.File)
			change.Same, err = equal(*change.Before, plain)
			if err != nil {
				return nil, nil, err
			}
		}
		changes = append(changes, change)
	}
	return changes, notes, nil
}

func isPaired(document manifest.Document) bool {
	return !document.IsAdmissionReview() && document.Name != ""
}

func keyOf(document manifest.Document, namespace string) key {
	group, _, grouped := strings.Cut(document.APIVersion, "/")
	if !grouped {
		group = ""
	}
	if document.Namespace != "" {
		namespace = document.Namespace
	}
	if resource, known := policies.ResourceOfKind(group, document.Kind); known && !resource.Namespaced {
		namespace = ""
	}
	return key{group: group, kind: document.Kind, namespace: namespace, name: document.Name}
}

// named names the object of a document for a person. Of a kind that no rule reads it is not known whether it has
// namespaces at all, so it has the one that is written.
func named(document manifest.Document, namespace string) string {
	one := keyOf(document, namespace)
	if _, known := policies.ResourceOfKind(one.group, one.kind); !known {
		one.namespace = document.Namespace
	}
	if one.namespace == "" {
		return one.kind + " " + one.name
	}
	return fmt.Sprintf("%s %s/%s", one.kind, one.namespace, one.name)
}

func equal(before, after manifest.Document) (bool, error) {
	old, err := decode(before.Raw)
	if err != nil {
		return false, fmt.Errorf("%s: %w", before.Position(nil), err)
	}
	now, err := decode(after.Raw)
	if err != nil {
		return false, fmt.Errorf("%s: %w", after.Position(nil), err)
	}
	return reflect.DeepEqual(old, now), nil
}
