package replay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/webhook/admission"
	"github.com/stateward/stateward/webhook/decisionlog"
)

// Class is what becomes of a recorded decision.
type Class string

// Classes of decisions.
const (
	// Same is the same decision.
	Same Class = "same"
	// Denied would be denied now and was allowed, Allowed the reverse, and of Other only findings change.
	Denied  Class = "denied"
	Allowed Class = "allowed"
	Other   Class = "other"
	// Undecided depends on what the record does not hold, Masked on what it hides.
	Undecided Class = "undecided"
	Masked    Class = "masked"
	// Different is another decision under the same rules and Guardrails, Unverified one whose rules or Guardrails are not at hand.
	Different  Class = "different"
	Unverified Class = "unverified"
	// Unevaluated could not be evaluated when it was recorded, Failed cannot be now.
	Unevaluated Class = "unevaluated"
	Failed      Class = "failed"
)

// evaluation is one decision evaluated again.
type evaluation struct {
	class Class
	// rules are those that make the difference.
	rules []string
	// details explain it, for an example.
	details []string
	// readMask says that a masked field was read.
	readMask bool
}

// evaluate decides a record again, with the objects beside it, if any.
func (w *worker) evaluate(ctx context.Context, record *decisionlog.Record, beside decisionlog.Beside) evaluation {
	if record.Error != "" {
		return evaluation{class: Unevaluated, details: []string{record.Error}}
	}
	if w.options.Verify {
		if revision := w.options.Library.Revision(); record.Bundles.Library.Revision != revision {
			return evaluation{class: Unverified, details: []string{fmt.Sprintf(
				"decided by rule library %s, and this is %s: use the stateward and the --rules of then", record.Bundles.Library.Revision, revision)}}
		}
	}
	decides, err := w.deciders.get(ctx, record.Bundles.Guardrails.Revision)
	if err != nil {
		return evaluation{class: w.either(Unverified, Undecided), details: []string{err.Error()}}
	}
	if what := lacking(record, decides); what != "" {
		return evaluation{class: w.either(Unverified, Undecided), details: []string{what}}
	}
	result, readMask, err := w.decideAgain(ctx, record, beside, decides.Engine)
	var missing *inventory.NotRecordedError
	switch {
	case err != nil && readMask:
		return evaluation{class: Masked, readMask: true, details: []string{err.Error()}}
	case errors.As(err, &missing):
		return evaluation{class: w.either(Different, Undecided), details: []string{missing.Error()}}
	case err != nil:
		return evaluation{class: Failed, details: []string{err.Error()}}
	}
	evaluated := w.compare(record, result, beside != nil)
	evaluated.readMask = readMask
	if evaluated.class == Different && (readMask || record.IsMasked("/result")) {
		evaluated.class = Masked
	}
	return evaluated
}

// evaluateEvent decides a request of an audit log, which holds neither a decision nor Guardrails.
func (w *worker) evaluateEvent(ctx context.Context, record *decisionlog.Record) evaluation {
	switch {
	case w.options.Verify:
		return evaluation{class: Unverified, details: []string{"an audit log does not hold what Stateward decided: replay it without --verify"}}
	case w.options.Guardrails == nil:
		return evaluation{class: Undecided, details: []string{"an audit log holds no Guardrails: give them with --config"}}
	default:
		return w.evaluate(ctx, record, w.options.Export.beside(record))
	}
}

func (r *run) either(verifying, comparing Class) Class {
	if r.options.Verify {
		return verifying
	}
	return comparing
}

// lacking says what a record does not hold of the request itself.
func lacking(record *decisionlog.Record, decides *decider) string {
	if objects := record.LackedObjects(); len(objects) > 0 {
		return fmt.Sprintf("the record does not hold %s of the request", strings.Join(objects, " and "))
	}
	for _, field := range decides.reads {
		if record.Lacks(field) {
			return fmt.Sprintf("a rule mentions %s, which the record does not hold", field)
		}
	}
	return ""
}

// decideAgain decides a record by this engine, and reports whether that read a masked field.
func (w *worker) decideAgain(
	ctx context.Context, record *decisionlog.Record, beside decisionlog.Beside, decides *engine.Engine,
) (decisionlog.Result, bool, error) {
	read, err := decides.Prepare(record.EngineRequest())
	if err != nil {
		return decisionlog.Result{}, false, err
	}
	inv := w.objects.NewInventory(record, w.options.Verify).With(beside)
	decision, err := decides.Evaluate(ctx, read, inv)
	return decisionlog.Result{Decision: decision, Warnings: admission.Warnings(decision.Findings)}, read.MetMask() || inv.MetMask(), err
}

// compare holds a decision against the recorded one. What it lacked, an export lacked too if there is one.
func (r *run) compare(record *decisionlog.Record, now decisionlog.Result, exported bool) evaluation {
	encoded, err := json.Marshal(now)
	if err != nil {
		return evaluation{class: Failed, details: []string{err.Error()}}
	}
	if bytes.Equal(encoded, record.Result) {
		return evaluation{class: Same}
	}
	var then decisionlog.Result
	if err := json.Unmarshal(record.Result, &then); err != nil {
		return evaluation{class: Failed, details: []string{fmt.Sprintf("the recorded result cannot be read: %v", err)}}
	}
	if !r.options.Verify {
		return differences(record, then, now, exported)
	}
	// What collects logs may have written the record in another form.
	if again, err := json.Marshal(then); err == nil && bytes.Equal(encoded, again) {
		return evaluation{class: Same}
	}
	return evaluation{class: Different, rules: rulesOf(changed(then.Findings, now.Findings)), details: []string{
		"recorded: " + string(record.Result), "now:      " + string(encoded),
	}}
}

// differences lists what other rules or Guardrails change.
func differences(record *decisionlog.Record, then, now decisionlog.Result, exported bool) evaluation {
	undecided := undecidedRules(now.Undecided)
	// What a rule that cannot be decided said then counts neither for nor against the others.
	difference := slices.DeleteFunc(changed(then.Findings, now.Findings), func(finding engine.Finding) bool { return slices.Contains(undecided, finding.Rule) })
	switch {
	case !now.Allowed && then.Allowed:
		return deniedOrMasked(record, denials(now.Findings))
	case len(undecided) > 0 && now.Allowed:
		return evaluation{class: Undecided, rules: undecided, details: missingResources(now.Undecided, exported)}
	case now.Allowed && !then.Allowed:
		return orMasked(record, Allowed, denials(then.Findings), then.Findings)
	case len(difference) > 0:
		made := orMasked(record, Other, difference, difference)
		made.details = append(marked("now", changedTo(then.Findings, now.Findings)), marked("then", changedTo(now.Findings, then.Findings))...)
		return made
	default:
		return evaluation{class: Same}
	}
}

// deniedOrMasked makes the outcome of denials. One that does not speak of a masked field is enough.
func deniedOrMasked(record *decisionlog.Record, denials []engine.Finding) evaluation {
	made := evaluation{class: Denied, rules: rulesOf(denials), details: messagesOf(denials)}
	if len(denials) > 0 && !slices.ContainsFunc(denials, func(finding engine.Finding) bool { return !isMasked(record, finding) }) {
		made.class = Masked
	}
	return made
}

// orMasked makes the outcome of findings; those that speak of a masked field prove nothing.
func orMasked(record *decisionlog.Record, class Class, findings, all []engine.Finding) evaluation {
	made := evaluation{class: class, rules: rulesOf(findings), details: messagesOf(findings)}
	if slices.ContainsFunc(all, func(finding engine.Finding) bool { return isMasked(record, finding) }) {
		made.class = Masked
	}
	return made
}

// isMasked reports whether a finding speaks of a masked field.
func isMasked(record *decisionlog.Record, finding engine.Finding) bool {
	if len(record.Masked) == 0 {
		return false
	}
	return strings.Contains(finding.Message, lazy.Mask) ||
		isMaskedField(record, "/input/request/object", finding.Path) || isMaskedField(record, "/input/request/oldObject", finding.Path)
}

// isMaskedField reports whether a path leads to a masked field of an object, or into one.
func isMaskedField(record *decisionlog.Record, pointer string, path []any) bool {
	for _, step := range path {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(fmt.Sprint(step))
		if slices.Contains(record.Masked, pointer) {
			return true
		}
	}
	return false
}

// changed are the findings that only one of the two has.
func changed(then, now []engine.Finding) []engine.Finding {
	return append(changedTo(then, now), changedTo(now, then)...)
}

// changedTo are the findings of now that then had not.
func changedTo(then, now []engine.Finding) (findings []engine.Finding) {
	text := func(finding engine.Finding) string {
		// Findings come from JSON.
		encoded, _ := json.Marshal(finding)
		return string(encoded)
	}
	known := map[string]bool{}
	for _, each := range then {
		known[text(each)] = true
	}
	return slices.DeleteFunc(slices.Clone(now), func(finding engine.Finding) bool { return known[text(finding)] })
}

// marked adds to findings when they were made.
func marked(when string, findings []engine.Finding) (messages []string) {
	for _, message := range messagesOf(findings) {
		messages = append(messages, when+" "+message)
	}
	return messages
}

func denials(findings []engine.Finding) []engine.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(finding engine.Finding) bool { return finding.Level != policies.Deny })
}

func rulesOf(findings []engine.Finding) []string {
	return distinct(findings, func(finding engine.Finding) string { return finding.Rule })
}

// distinct are the texts of a list, sorted and each once.
func distinct[T any](list []T, text func(T) string) (texts []string) {
	for _, each := range list {
		texts = append(texts, text(each))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func messagesOf(findings []engine.Finding) (messages []string) {
	for _, finding := range findings {
		messages = append(messages, string(finding.Level)+": "+finding.Message)
	}
	return messages
}

func undecidedRules(undecided []engine.Undecided) []string {
	return distinct(undecided, func(each engine.Undecided) string { return each.Rule })
}

func missingResources(undecided []engine.Undecided, exported bool) []string {
	what := "which the record does not hold"
	if exported {
		what = "which neither the record nor the export holds"
	}
	return distinct(undecided, func(each engine.Undecided) string {
		return fmt.Sprintf("%s reads %s, %s", each.Rule, each.Resource, what)
	})
}

// Example is a decision of a group.
type Example struct {
	// File and Line are where it is recorded.
	File string `json:"file"`
	Line int    `json:"line"`
	// ID is the uid of the request.
	ID        string    `json:"decision_id"`
	Time      time.Time `json:"timestamp"`
	User      string    `json:"user"`
	Operation string    `json:"operation"`
	Resource  string    `json:"resource"`
	Namespace string    `json:"namespace,omitempty"`
	Name      string    `json:"name,omitempty"`
	Details   []string  `json:"details"`
}

const (
	// mostDetails and longestDetail keep an example short.
	mostDetails   = 5
	longestDetail = 2000
)

func exampleOf(at place, record *decisionlog.Record, evaluated evaluation) Example {
	asked := record.Request
	made := Example{
		File: at.file, Line: at.line, ID: record.DecisionID, Time: record.Timestamp, User: asked.UserInfo.Username, Operation: string(asked.Operation),
		Resource: asked.Resource.Resource, Namespace: asked.Namespace, Name: nameIn(record),
	}
	if asked.SubResource != "" {
		made.Resource += "/" + asked.SubResource
	}
	for _, detail := range evaluated.details[:min(len(evaluated.details), mostDetails)] {
		made.Details = append(made.Details, shortened(detail))
	}
	return made
}

// shortened cuts a text that repeats a part of a record.
func shortened(text string) string {
	if len(text) > longestDetail {
		return strings.ToValidUTF8(text[:longestDetail], "") + "..."
	}
	return text
}

// nameIn is the name of what a request is about.
func nameIn(record *decisionlog.Record) string {
	asked := record.Request
	object, before := metadataOf(asked.Object.Raw), metadataOf(asked.OldObject.Raw)
	return cmp.Or(asked.Name, object.Name, object.GenerateName, before.Name)
}

// metadata is what names an object.
type metadata struct {
	Name         string `json:"name"`
	GenerateName string `json:"generateName"`
}

func metadataOf(raw []byte) metadata {
	var object struct {
		Metadata metadata `json:"metadata"`
	}
	// An object that cannot be read has no name to show.
	_ = json.Unmarshal(raw, &object)
	return object.Metadata
}
