package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
)

// IgnoreAnnotation of a manifest ignores findings of a rule: "rule-id: reason", several in lines or between
// semicolons. Only checks read it: in the cluster, exceptions need the right to write Guardrails.
const IgnoreAnnotation = "stateward.dev/ignore"

// ignore applies the annotations of the documents, if that is allowed, and lists them in any case. The
// documents are those of the result, in its order.
func ignore(result *report.Result, documents []manifest.Document, library *policies.Library, counts bool) error {
	asked := make([]map[string]string, len(documents))
	var errs []error
	for index, document := range documents {
		reasons, err := ignores(document, library)
		if err != nil {
			at := document.Position([]any{"metadata", "annotations", IgnoreAnnotation})
			errs = append(errs, &InputError{fmt.Errorf("%s: metadata.annotations[%q]: %w", at, IgnoreAnnotation, err)})
		}
		asked[index] = reasons
	}
	used := make([]map[string]bool, len(documents))
	for index := range result.Findings {
		finding := &result.Findings[index]
		reason, found := asked[finding.Document][finding.Rule]
		if !found {
			continue
		}
		if used[finding.Document] == nil {
			used[finding.Document] = map[string]bool{}
		}
		used[finding.Document][finding.Rule] = true
		finding.Ignored = &report.Ignored{Reason: reason, Counts: counts}
		if counts {
			finding.Level = policies.Audit
		}
	}
	rules := library.All()
	for _, id := range policies.CheckRules() {
		rules = append(rules, policies.Rule{ID: id})
	}
	for index, document := range documents {
		if len(asked[index]) == 0 {
			continue
		}
		for _, rule := range rules {
			if reason, found := asked[index][rule.ID]; found && !used[index][rule.ID] {
				at := document.Position([]any{"metadata", "annotations", IgnoreAnnotation})
				result.Unused = append(result.Unused, fmt.Sprintf("%s: [%s] finds nothing that its manifest could ignore: %s", at, rule.ID, reason))
			}
		}
	}
	return errors.Join(errs...)
}

// ignores reads the annotation of a document: reasons by the ids of rules.
func ignores(document manifest.Document, library *policies.Library) (reasons map[string]string, err error) {
	if document.IsAdmissionReview() {
		return nil, nil
	}
	text := annotation(document, IgnoreAnnotation)
	for _, each := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		id, reason, _ := strings.Cut(each, ":")
		id, reason = strings.TrimSpace(id), strings.TrimSpace(reason)
		rule, known := library.Rule(id)
		if policies.IsCheckRule(id) {
			rule, known = policies.Rule{ID: id}, true
		}
		switch {
		case id == "" && reason == "":
			continue
		case !known:
			return nil, fmt.Errorf("unknown rule %q: `stateward rules` lists them; write \"rule-id: reason\"", id)
		case reason == "":
			return nil, fmt.Errorf("%q comes without a reason: write \"%s: reason\"", id, id)
		}
		if reasons == nil {
			reasons = map[string]string{}
		}
		reasons[rule.ID] = reason
	}
	return reasons, nil
}

// Asks reports whether a document may have the annotation; others can be freed earlier.
func Asks(document manifest.Document) bool { return mentions(document, IgnoreAnnotation) }

// mentions spares nearly all documents to be read for an annotation that they do not have. JSON may write each letter as
// an escape.
func mentions(document manifest.Document, key string) bool {
	_, name, _ := strings.Cut(key, "/")
	return bytes.Contains(document.Raw, []byte(name)) || bytes.Contains(document.Raw, []byte(`\u`))
}

// annotation returns "" if there is none, or if annotations have another type, which a rule reports.
func annotation(document manifest.Document, key string) string {
	if !mentions(document, key) {
		return ""
	}
	var object struct {
		Metadata struct{ Annotations map[string]any }
	}
	_ = json.Unmarshal(document.Raw, &object)
	text, _ := object.Metadata.Annotations[key].(string)
	return text
}
