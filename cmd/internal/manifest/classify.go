package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// sorter sorts what one file holds into manifests, what is none, faults and warnings.
type sorter struct {
	contents

	file string
	opts Options
}

// fault reports what is wrong with a part of the file: nothing where it need not be a manifest and is none, a warning
// where no rule reads its kind.
func (s *sorter) fault(text []byte, faults []yamlpos.Fault) {
	if len(faults) == 0 {
		return
	}
	template, isTemplate := templateFault(text, faults)
	switch {
	case s.opts.lenient && !mayBeManifest(text):
		s.leaveOut(faults[0].Place, NotKubernetes)
	case isTemplate:
		s.template(template)
	case !s.opts.readsAny(kindsIn(text)):
		s.warn(faults)
	default:
		s.errs = append(s.errs, inFile(s.file, faults)...)
	}
}

// template reports a template: it is an error only in a file that was named. One that lies in a chart is rendered with it.
func (s *sorter) template(found yamlpos.Fault) {
	if s.opts.lenient && isInChart(s.file) {
		s.leaveOut(found.Place, ChartFile)
		return
	}
	if s.opts.lenient {
		s.LeftOut = append(s.LeftOut, LeftOut{Position: at(s.file, found.Place), Reason: Template, Detail: found.Err.Error()})
		return
	}
	s.errs = append(s.errs, inFile(s.file, []yamlpos.Fault{found})...)
}

func (s *sorter) warn(faults []yamlpos.Fault) {
	if s.opts.Validate != ValidateIgnore {
		s.Warnings = append(s.Warnings, inFile(s.file, faults)...)
	}
}

func (s *sorter) leaveOut(where yamlpos.Place, reason Reason) {
	s.LeftOut = append(s.LeftOut, LeftOut{Position: at(s.file, where), Reason: reason})
}

// value adds the objects of one document, which is written in these lines.
func (s *sorter) value(c yamlpos.Chunk, v yamlpos.Value, source *fileText) {
	if s.opts.lenient {
		if reason, found := noObject(v); found {
			s.leaveOut(v.Root.Place, reason)
			return
		}
	}
	objects, wrong := flatten(v, typeMeta{}, 0)
	duplicates := v.Duplicates
	if len(wrong) > 0 && len(duplicates) > 0 {
		// What is wrong may well be that the wrong one of two counts.
		wrong, duplicates = duplicates, nil
	}
	s.fault(c.Text, yamlpos.LimitFaults(wrong))
	for _, o := range objects {
		if isPatch(o.fields) {
			s.patch(o)
			continue
		}
		if s.opts.lenient && isPart(o) {
			s.part(o)
			continue
		}
		document := o.document(s.file, len(s.Documents)+1)
		document.source = source
		if template, found := s.opts.template(document, o); found {
			s.template(template)
			continue
		}
		s.validation(o.kind, append(duplicates, s.unknown(&document)...))
		duplicates = nil
		s.Documents = append(s.Documents, s.opts.finish(document))
	}
}

// unknown returns the fields that the document's type does not have.
func (s *sorter) unknown(document *Document) []yamlpos.Fault {
	unknown := document.readTyped()
	if s.opts.Validate == ValidateKeys {
		return nil
	}
	return yamlpos.LimitFaults(unknown)
}

// validation reports what kubectl would accept or refuse: an error or a warning, by the options and by the
// kind.
func (s *sorter) validation(kind string, faults []yamlpos.Fault) {
	if len(faults) == 0 {
		return
	}
	if s.opts.Validate == ValidateWarn || !s.opts.readsAny([]string{kind}) {
		s.warn(faults)
		return
	}
	if s.opts.Validate != ValidateIgnore {
		s.errs = append(s.errs, inFile(s.file, faults)...)
	}
}

func (s *sorter) patch(o object) {
	if s.opts.lenient {
		s.leaveOut(o.Root.Place, Patch)
		return
	}
	wrong := yamlpos.FaultAt(o.Root.Place, "this is a patch and no manifest, because it holds $patch; check the kustomization that applies it with -k FOLDER")
	s.errs = append(s.errs, inFile(s.file, []yamlpos.Fault{wrong})...)
}

func (s *sorter) part(o object) {
	detail := fmt.Sprintf("this may be a patch of StatefulSet %q, because it has no selector, no serviceName and no labels of pods: "+
		"check the kustomization that applies it with -k FOLDER, or name the file to judge it as it is", o.name)
	s.LeftOut = append(s.LeftOut, LeftOut{Position: at(s.file, o.Root.Place), Reason: Part, Detail: detail})
}

// readsAny reports whether a rule reads one of the kinds. Without any kind nothing can be said for it.
func (o Options) readsAny(kinds []string) bool {
	return o.Reads == nil || len(kinds) == 0 || slices.ContainsFunc(kinds, o.Reads)
}

// mayBeManifest reports whether text holds both words that every manifest has. Most files of a repository do not.
func mayBeManifest(text []byte) bool {
	return bytes.Contains(text, []byte("apiVersion")) && bytes.Contains(text, []byte("kind")) || isNearManifest(text)
}

// nearManifest finds a workload whose type is written wrong or half.
var nearManifest = regexp.MustCompile(`(?im)^["{ ]*kind"?: *"?(StatefulSets?|PodDisruptionBudgets?|Service)"?,?\s*$`)

func isNearManifest(text []byte) bool { return nearManifest.Match(text) }

// kindOf finds what text says its kinds are, where it cannot be parsed.
var kindOf = regexp.MustCompile(`(?m)^[\s{-]*"?kind"?\s*:\s*"?'?([A-Za-z]+)`)

func kindsIn(text []byte) (kinds []string) {
	for _, match := range kindOf.FindAllSubmatch(text, -1) {
		kinds = append(kinds, string(match[1]))
	}
	return kinds
}

// kustomizeGroup begins the apiVersion of kustomizations.
const kustomizeGroup = "kustomize.config.k8s.io/"

// noObject says why a document is not one to apply.
func noObject(v yamlpos.Value) (Reason, bool) {
	if !v.Root.IsMapping() {
		return NotKubernetes, true
	}
	if v.Root.Has("apiVersion") && v.Root.Has("kind") && !hasNull(v.Raw) && !bytes.Contains(v.Raw, []byte(kustomizeGroup)) {
		// Nearly all documents are of this form: they need not be read once more for two words.
		return "", false
	}
	var meta struct {
		APIVersion any `json:"apiVersion"`
		Kind       any `json:"kind"`
	}
	if err := json.Unmarshal(v.Raw, &meta); err != nil {
		return "", false
	}
	version, _ := meta.APIVersion.(string)
	kind, _ := meta.Kind.(string)
	switch {
	case strings.HasPrefix(version, kustomizeGroup):
		return Kustomization, true
	case meta.Kind == nil, meta.APIVersion == nil && !isNearManifest([]byte("kind: "+kind)):
		return NotKubernetes, true
	default:
		return "", false
	}
}

// isPatch reports whether an object holds a directive of a strategic merge patch.
func isPatch(fields map[string]json.RawMessage) bool {
	if _, found := fields["$patch"]; found {
		return true
	}
	return bytes.Contains(fields["spec"], []byte(`"$patch"`)) || bytes.Contains(fields["metadata"], []byte(`"$patch"`))
}

// isPart reports whether a StatefulSet lacks each field that every one of them has, as a strategic merge patch does.
func isPart(o object) bool {
	return o.kind == "StatefulSet" && strings.HasPrefix(o.apiVersion, "apps/") &&
		!o.Root.Has("spec", "selector") && !o.Root.Has("spec", "serviceName") && !o.Root.Has("spec", "template", "metadata", "labels")
}

// templateStart opens an action of Go templates, Jinja and the like.
const templateStart = "{{"

var errTemplate = errors.New("this is an unrendered template (" + templateStart + "): render it and check what comes out, as in " +
	"`helm template NAME CHART | stateward check -`")

// bareAction finds an action that is not in quotes, and so keeps YAML from being parsed.
var bareAction = regexp.MustCompile(`(?m)^\s*(- )?\{\{|[:-]\s+\{\{`)

// templateFault returns why a text is a template, which cannot be parsed.
func templateFault(text []byte, faults []yamlpos.Fault) (yamlpos.Fault, bool) {
	if !bareAction.Match(text) {
		return yamlpos.Fault{}, false
	}
	return yamlpos.Fault{Place: faults[0].Place, Err: errTemplate}, true
}

// template finds a value of an object that rules read which is a template in quotes. Text for other programs may well
// hold one: commands, variables and annotations.
func (o Options) template(document Document, read object) (yamlpos.Fault, bool) {
	if o.Reads == nil || !o.Reads(document.Kind) || !bytes.Contains(read.Raw, []byte(templateStart)) || document.IsAdmissionReview() {
		return yamlpos.Fault{}, false
	}
	var content any
	if err := json.Unmarshal(read.Raw, &content); err != nil {
		return yamlpos.Fault{}, false
	}
	path, found := findTemplate(content, nil)
	if !found {
		return yamlpos.Fault{}, false
	}
	return yamlpos.Fault{Place: read.Root.Find(path), Err: errTemplate}, true
}

// forOtherPrograms are fields whose text is not Kubernetes' own.
func forOtherPrograms() []string {
	return []string{"annotations", "args", "command", "data", "binaryData", "stringData", "env", "exec"}
}

func findTemplate(content any, path []any) ([]any, bool) {
	switch content := content.(type) {
	case string:
		return path, strings.Contains(content, templateStart)
	case map[string]any:
		for key, value := range content {
			if slices.Contains(forOtherPrograms(), key) {
				continue
			}
			if found, ok := findTemplate(value, append(slices.Clone(path), key)); ok {
				return found, true
			}
		}
	case []any:
		for index, value := range content {
			if found, ok := findTemplate(value, append(slices.Clone(path), index)); ok {
				return found, true
			}
		}
	}
	return nil, false
}
