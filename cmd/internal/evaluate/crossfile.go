package evaluate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// places holds the positions of the objects of an inventory.
type places struct {
	namespace string
	// objects are the places of each object, in the order of the documents.
	objects  map[engine.ObjectReference][]*objectPlace
	services map[string][]*objectPlace
}

// objectPlace is where an object is written. It keeps no document: those are freed one by one while they are evaluated.
type objectPlace struct {
	manifest.Position

	// index is that of the document in its file, and namespace the one that it names.
	index     int
	namespace string
}

// is reports whether a document is the one of this place.
func (p objectPlace) is(document manifest.Document) bool {
	return p.File == document.File && p.index == document.Index
}

func placesOf(documents []manifest.Document, namespace string) places {
	p := places{namespace: namespace, objects: map[engine.ObjectReference][]*objectPlace{}, services: map[string][]*objectPlace{}}
	for _, document := range documents {
		object, known := p.reference(document)
		if !known {
			continue
		}
		here := &objectPlace{Position: document.Position(nil), index: document.Index, namespace: document.Namespace}
		p.objects[object] = append(p.objects[object], here)
		if object.Kind == "Service" {
			p.services[object.Name] = append(p.services[object.Name], here)
		}
	}
	return p
}

// reference names the object of a document, where rules may look for it.
func (p places) reference(document manifest.Document) (engine.ObjectReference, bool) {
	resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
	if !known || document.Name == "" {
		return engine.ObjectReference{}, false
	}
	namespace := ""
	if resource.Namespaced {
		namespace = p.namespaceOf(document)
	}
	return engine.ObjectReference{Kind: document.Kind, Namespace: namespace, Name: document.Name}, true
}

func (p places) namespaceOf(document manifest.Document) string {
	if document.Namespace != "" {
		return document.Namespace
	}
	return p.namespace
}

// mostCopies bounds how many other copies of an object a finding names.
const mostCopies = 2

// copies reports an object that is written several times, once, at the copy that repeats another one. Files of a folder need
// not be applied together, so between them it is a warning.
func (p places) copies(document manifest.Document, files bool) []engine.Finding {
	object, known := p.reference(document)
	if !known || len(p.objects[object]) < 2 {
		return nil
	}
	here, sameFile := repeated(p.objects[object])
	if !here.is(document) {
		return nil
	}
	what := fmt.Sprintf("%s %q is written %d times: also in %s; where they are applied together, the last one counts",
		object.Kind, object.Name, len(p.objects[object]), strings.Join(here.besides(p.objects[object]), " and "))
	if files && !sameFile {
		return []engine.Finding{findingOf(sameObject, policies.Warn, []any{"metadata", "name"}, what,
			"remove all but one, or check alternatives apart from each other with --each")}
	}
	return []engine.Finding{denied(sameObject, []any{"metadata", "name"}, what, "remove all but one, or give each its own name")}
}

// repeated returns the first copy that repeats one of its own file, and otherwise the second copy.
func repeated(copies []*objectPlace) (found *objectPlace, sameFile bool) {
	files := map[string]bool{}
	for _, one := range copies {
		if files[one.File] {
			return one, true
		}
		files[one.File] = true
	}
	return copies[1], false
}

// besides lists a few of the other copies, those of the same file first.
func (p objectPlace) besides(copies []*objectPlace) (listed []string) {
	ordered := slices.Clone(copies)
	slices.SortStableFunc(ordered, func(a, b *objectPlace) int { return cmp.Compare(p.distance(a), p.distance(b)) })
	for _, one := range ordered[1:min(len(ordered), mostCopies+1)] {
		listed = append(listed, fmt.Sprintf("%s:%d", one.Source(), one.Line))
	}
	return listed
}

// distance is 0 to the place itself, 1 to another one of its file, and 2 to other files.
func (p objectPlace) distance(other *objectPlace) int {
	switch {
	case p.File != other.File:
		return 2
	case p.index != other.index:
		return 1
	default:
		return 0
	}
}

// soften makes a conflict between files of a folder a warning that names the other file.
func (p places) soften(findings []report.Finding) {
	for index := range findings {
		finding := &findings[index]
		if len(finding.Others) == 0 {
			continue
		}
		elsewhere := p.elsewhere(finding.Position.File, finding.Others)
		if len(elsewhere) == 0 {
			continue
		}
		what := fmt.Sprintf("%s (in %s)", finding.What, strings.Join(elsewhere, " and "))
		if finding.Level == policies.Deny {
			finding.Level = policies.Warn
			what = fmt.Sprintf("%s (in %s; a denial where both are applied together)", finding.What, strings.Join(elsewhere, " and "))
		}
		finding.Message = strings.Replace(finding.Message, finding.What, what, 1)
		finding.What = what
	}
}

// elsewhere lists the places of other objects in other files.
func (p places) elsewhere(file string, others []engine.ObjectReference) (files []string) {
	for _, other := range others {
		copies := p.objects[other]
		if len(copies) == 0 {
			continue
		}
		// The last copy is the one in the inventory.
		if last := copies[len(copies)-1]; last.Source() != file {
			files = append(files, last.String())
		}
	}
	return files
}

// hint adds to a finding of a missing Service where one of that name is, in another namespace.
func (p places) hint(findings []report.Finding, services map[int]string) {
	for index := range findings {
		finding := &findings[index]
		if !isAboutService(*finding) {
			continue
		}
		hint := p.elsewhereNamed(services[finding.Document], finding.Object.Namespace)
		if hint == "" {
			continue
		}
		before := " Fix: " + finding.Fix
		finding.Fix = strings.TrimSuffix(finding.Fix, ".") + "; " + hint + "."
		finding.Message = strings.TrimSuffix(finding.Message, before) + " Fix: " + finding.Fix
	}
}

// elsewhereNamed says which namespace a Service of this name is in, where it is not in the one that it has to be in.
func (p places) elsewhereNamed(service, namespace string) string {
	if service == "" || len(p.services[service]) == 0 {
		return ""
	}
	if _, found := p.objects[engine.ObjectReference{Kind: "Service", Namespace: namespace, Name: service}]; found {
		return ""
	}
	first := p.services[service][0]
	if first.namespace == "" {
		return fmt.Sprintf("the Service at %s names no namespace, which means %s here: check with -n %s, or write the namespace into it",
			first, p.namespace, namespace)
	}
	return fmt.Sprintf("the Service at %s is in namespace %s: a governing Service must be in the namespace of its StatefulSet",
		first, first.namespace)
}

// isAboutService reports a finding that may be one of a Service in another namespace.
func isAboutService(finding report.Finding) bool {
	return finding.Rule == "headless-service" || finding.Rule == "service-selector"
}

// servicesOf returns the governing Services of the documents that have findings of Services, by the documents' indexes. It
// is nil where there are no Services to hint at.
func (p places) servicesOf(documents []manifest.Document, findings []report.Finding) map[int]string {
	if len(p.services) == 0 {
		return nil
	}
	var names map[int]string
	for _, finding := range findings {
		if isAboutService(finding) {
			if names == nil {
				names = map[int]string{}
			}
			names[finding.Document] = serviceOf(documents[finding.Document])
		}
	}
	return names
}

// serviceOf returns the governing Service that a document names, "" for all but StatefulSets.
func serviceOf(document manifest.Document) string {
	if document.Kind != "StatefulSet" {
		return ""
	}
	var set struct {
		Spec struct {
			ServiceName string `json:"serviceName"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(document.Raw, &set); err != nil {
		return ""
	}
	return set.Spec.ServiceName
}
