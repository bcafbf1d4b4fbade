// Package audit says what a look at all stored objects has found, and what has changed since the last one.
package audit

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// Schema names the form of the JSON report, which json.schema.json describes. It changes when a field is removed or means
// something else.
const Schema = "stateward.dev/audit/v1"

// Facts are what a report says beside the findings. They are filled in before it is written.
type Facts struct {
	Time time.Time
	// Strict is what would be denied under strict Guardrails.
	Strict headline.Denied
	// Since is an earlier audit; nil for none.
	Since *Since
	// Compare reports whether a finding of the earlier audit would be found again if it were still there; nil is always.
	Compare func(engine.Finding) bool
}

// Finding is a finding of an audit.
type Finding struct {
	engine.Finding

	// File and Line are where an export holds the object; of a live one the file is RESOURCE/NAMESPACE/NAME.
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	// Since is new or still where an earlier audit is given, and gone in the list of those.
	Since string `json:"since,omitempty"`
}

// page is a report in any format.
type page struct {
	facts    *Facts
	result   report.Result
	findings []Finding
	gone     []Finding
	// unjudged counts the findings of the earlier audit that were not judged again.
	unjudged int
}

// Formats lists the formats of an audit: its own, and those of a check that do not need lines of files.
func Formats() []string {
	return []string{"text", "json", "markdown", "html", "junit", "sarif", "gitlab", "tap", "policyreport", "openreports"}
}

// New returns the renderer of a format.
func New(format string, facts *Facts, options report.Options) (report.Renderer, error) {
	if !slices.Contains(Formats(), format) {
		return nil, fmt.Errorf("unknown output format %q: use one of %s", format, strings.Join(Formats(), ", "))
	}
	switch format {
	case "text":
		return renderer{facts, func(made page, out io.Writer) error { return made.text(out, options) }}, nil
	case "json":
		return renderer{facts, page.json}, nil
	case "markdown":
		return renderer{facts, page.markdown}, nil
	case report.HTML:
		return renderer{facts, page.html}, nil
	default:
		return report.New(format, options)
	}
}

// renderer writes one of the audit's own formats.
type renderer struct {
	facts *Facts
	write func(page, io.Writer) error
}

// Render writes the result.
func (r renderer) Render(out io.Writer, result report.Result) error {
	return r.write(pageOf(r.facts, result), out)
}

func pageOf(facts *Facts, result report.Result) page {
	made := page{facts: facts, result: result, findings: []Finding{}}
	for _, each := range result.Findings {
		if each.Path == nil {
			each.Path = []any{}
		}
		made.findings = append(made.findings, Finding{Finding: each.Finding, File: each.Position.File, Line: each.Position.Line})
	}
	made.gone, made.unjudged = facts.Since.compare(made.findings, facts.Compare)
	return made
}

// Headline is the audit in one sentence.
func (p page) headline() string {
	strict := p.facts.Strict
	return fmt.Sprintf("if you turn strict on today: %s would be denied%s", headline.Number(strict.Count, "object"), strict.By())
}

// found counts the findings of this level.
func found(findings []Finding, level policies.Level) (count int) {
	for _, each := range findings {
		if each.Level == level {
			count++
		}
	}
	return count
}

// counts says how many findings there are, as in "1 denied, 2 warnings".
func counts(findings []Finding) string {
	parts := []string{fmt.Sprintf("%s denied", headline.Thousands(found(findings, policies.Deny)))}
	parts = append(parts, headline.Number(found(findings, policies.Warn), "warning"))
	if recorded := found(findings, policies.Audit); recorded > 0 {
		parts = append(parts, headline.Thousands(recorded)+" only recorded")
	}
	return strings.Join(parts, ", ")
}

// scope says what was looked at.
func (p page) scope() string {
	evaluated, failed, namespaces := 0, 0, map[string]bool{}
	for _, document := range p.result.Documents {
		if document.Outcome == report.Evaluated {
			evaluated++
			namespaces[document.Namespace] = true
		}
		if document.Outcome == report.Failed {
			failed++
		}
	}
	delete(namespaces, "")
	text := fmt.Sprintf("%s in %s judged", headline.Number(evaluated, "object"), headline.Number(len(namespaces), "namespace"))
	if failed > 0 {
		text += fmt.Sprintf(", %s could not be evaluated", headline.Thousands(failed))
	}
	return text + ": " + counts(p.findings)
}

// since says what has changed since the earlier audit; "" without one.
func (p page) since() string {
	if p.facts.Since == nil {
		return ""
	}
	fresh := p.fresh()
	text := fmt.Sprintf("since %s: %s new, %s gone, %s still there", p.facts.Since.Time, headline.Thousands(fresh),
		headline.Thousands(len(p.gone)), headline.Thousands(len(p.findings)-fresh))
	if p.unjudged > 0 {
		text += fmt.Sprintf(", %s not judged again", headline.Thousands(p.unjudged))
	}
	return text
}

// fresh counts the findings that the earlier audit does not have.
func (p page) fresh() (count int) {
	for _, each := range p.findings {
		if each.Since == sinceNew {
			count++
		}
	}
	return count
}

// unknown are the kinds that rules look up and that were not read.
func (p page) unknown() (notes []string) {
	rules := map[string]int{}
	for _, each := range p.result.Undecided {
		rules[each.Resource]++
	}
	for _, resource := range slices.Sorted(maps.Keys(rules)) {
		notes = append(notes, fmt.Sprintf("%s: not known here, so %s could not look them up", resource, headline.Number(rules[resource], "rule")))
	}
	return notes
}

// notes are what was not seen: kinds that were not read, and what could not be read at all.
func (p page) notes() []string {
	notes := p.unknown()
	for _, problem := range p.result.Problems {
		notes = append(notes, problemAt(problem.Position, problem.Message))
	}
	for _, document := range p.result.Documents {
		if document.Outcome == report.Failed {
			notes = append(notes, fmt.Sprintf("%s %s/%s could not be evaluated: %s", document.Kind, document.Namespace, document.Name, document.Error))
		}
	}
	return notes
}

// problemAt is a message with the place in a file that it is about; a live resource is named in the message.
func problemAt(at report.Position, message string) string {
	if at.Line == 0 {
		return message
	}
	return fmt.Sprintf("%s:%d: %s", at.File, at.Line, message)
}

// group are findings with a common name.
type group struct {
	name     string
	findings []Finding
}

// grouped puts findings into groups, those that hurt most first.
func grouped(findings []Finding, name func(Finding) string) (groups []group) {
	index := map[string]int{}
	for _, each := range findings {
		at, known := index[name(each)]
		if !known {
			at = len(groups)
			index[name(each)] = at
			groups = append(groups, group{name: name(each)})
		}
		groups[at].findings = append(groups[at].findings, each)
	}
	slices.SortStableFunc(groups, func(a, b group) int {
		return cmp.Or(
			found(b.findings, policies.Deny)-found(a.findings, policies.Deny),
			found(b.findings, policies.Warn)-found(a.findings, policies.Warn),
			cmp.Compare(a.name, b.name),
		)
	})
	return groups
}

func namespaceOf(finding Finding) string {
	if finding.Object.Namespace == "" {
		return "the cluster"
	}
	return "namespace " + finding.Object.Namespace
}

func objectOf(finding Finding) string { return finding.Object.Kind + " " + finding.Object.Name }

// byLevel orders the findings of one object, denials first.
func byLevel(findings []Finding) []Finding {
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b Finding) int {
		return cmp.Or(slices.Index(policies.Levels(), a.Level)-slices.Index(policies.Levels(), b.Level), cmp.Compare(a.Rule, b.Rule))
	})
	return sorted
}
