package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/policies"
)

// tap is the Test Anything Protocol, version 14: a test for each finding, and one for each document that none was about.
type tap struct{ options Options }

// tapTest is one test: its line, and the lines below it.
type tapTest struct {
	ok          bool
	description string
	// directive is SKIP or TODO, with a reason: either keeps a test from failing the run.
	directive string
	details   *tapDetails
}

// tapDetails are written as JSON, which every reader of YAML reads.
type tapDetails struct {
	Message  string `json:"message"`
	Severity string `json:"severity"`
	At       string `json:"at"`
	Fix      string `json:"fix,omitempty"`
}

func newTAP(options Options) Renderer { return tap{options: options} }

// Render writes the result.
func (t tap) Render(out io.Writer, result Result) error {
	var tests []tapTest
	findings := result.findingsOf()
	for i, document := range result.Documents {
		tests = append(tests, t.tests(document, findings[i])...)
	}
	for _, problem := range result.Problems {
		tests = append(tests, t.problem(problem))
	}
	var page strings.Builder
	fmt.Fprintf(&page, "TAP version 14\n1..%d", len(tests))
	if len(tests) == 0 {
		page.WriteString(" # SKIP no documents")
	}
	page.WriteString("\n")
	for i, test := range tests {
		if err := test.write(&page, i+1); err != nil {
			return err
		}
	}
	if t.options.Verbose {
		for _, each := range result.Undecided {
			fmt.Fprintf(&page, "# %s\n", undecided(each))
		}
	}
	fmt.Fprintf(&page, "# %s\n", summary(result))
	_, err := io.WriteString(out, page.String())
	return err
}

// tests are at least one: a document is never silently dropped.
func (t tap) tests(document Document, findings []Finding) (tests []tapTest) {
	for _, finding := range findings {
		tests = append(tests, t.of(finding))
	}
	whole := tapTest{ok: true, description: document.Position.place() + " " + name(document.ObjectReference)}
	switch {
	case document.Outcome == Failed:
		whole.ok = false
		whole.details = &tapDetails{Message: "could not be evaluated: " + Clean(document.Error), Severity: "error", At: document.Position.place()}
	case document.Outcome == Skipped:
		whole.directive = "SKIP " + noRuleFor(document)
	case len(findings) > 0:
		return tests
	}
	return append(tests, whole)
}

func (t tap) of(finding Finding) tapTest {
	test := tapTest{
		description: fmt.Sprintf("%s %s [%s]", finding.Position.place(), name(finding.Object), Clean(finding.Rule)),
		details: &tapDetails{
			Message: finding.problem(), Severity: Clean(string(finding.Level)), At: finding.Position.place(), Fix: finding.fix(),
		},
	}
	switch {
	case t.options.fails(finding):
	case finding.Level == policies.Deny || finding.Level == policies.Warn:
		test.directive = "TODO " + string(finding.Level)
	default:
		test.ok = true
		test.directive = "SKIP recorded only"
		if exception := finding.Excuse(); exception != "" {
			test.directive = "SKIP " + exception
		}
	}
	return test
}

func (t tap) problem(problem Problem) tapTest {
	test := tapTest{
		description: problem.place() + " [input]",
		details:     &tapDetails{Message: Clean(problem.Message), Severity: problem.word(), At: problem.place()},
	}
	if !problem.Unreadable {
		test.directive = "TODO warn"
	}
	return test
}

func (t tapTest) write(page *strings.Builder, number int) error {
	status := "not ok"
	if t.ok {
		status = "ok"
	}
	fmt.Fprintf(page, "%s %d - %s", status, number, tapEscape(t.description))
	if t.directive != "" {
		fmt.Fprintf(page, " # %s", tapEscape(t.directive))
	}
	page.WriteString("\n")
	if t.details == nil {
		return nil
	}
	details, err := safeJSON(t.details, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(page, "  ---\n  %s  ...\n", details)
	return nil
}

// tapEscape keeps a name from beginning a directive.
func tapEscape(text string) string { return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(text) }
