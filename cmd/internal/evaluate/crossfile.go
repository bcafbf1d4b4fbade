package evaluate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// places holds the positions of the objects of an inventory.
type places struct {
	namespace string
	// objects are the places of each object.
	objects  map[engine.ObjectReference]written
	services map[string][]*objectPlace
}

// written are the first and the last place of an object; they differ where it is written twice.
type written struct{ first, last *objectPlace }

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
	p := places{namespace: namespace, objects: map[engine.ObjectReference]written{}, services: map[string][]*objectPlace{}}
	for _, document := range documents {
		object, known := p.reference(document)
		if !known {
			continue
		}
		here := &objectPlace{Position: document.Position(nil), index: document.Index, namespace: document.Namespace}
		found := written{first: cmp.Or(p.objects[object].first, here), last: here}
		p.objects[object] = found
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

// twice reports an object that was written before: of two in one inventory the last one counts. Files of a folder need not
// be applied together, so between them it is a warning.
func (p places) twice(document manifest.Document, files bool) []engine.Finding {
	object, known := p.reference(document)
	if !known || p.objects[object].first.is(document) {
		return nil
	}
	first := p.objects[object].first
	what := fmt.Sprintf("%s %q is written twice, first at %s: where both are applied, the last one counts",
		object.Kind, object.Name, first.Position)
	if files && first.File != document.File {
		return []engine.Finding{findingOf(sameObject, policies.Warn, []any{"metadata", "name"}, what,
			"remove one of them, or check alternatives apart from each other with --each")}
	}
	return []engine.Finding{denied(sameObject, []any{"metadata", "name"}, what, "remove one of them, or give it another name")}
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
		if known, found := p.objects[other]; found && known.last.Source() != file {
			files = append(files, known.last.String())
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

// servicesOf returns the governing Services of the documents that have findings of Services, by the documents' indexes.
func servicesOf(documents []manifest.Document, findings []report.Finding) map[int]string {
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
