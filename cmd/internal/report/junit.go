package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/stateward/stateward/policies"
)

// junitFormat is for the test tabs of CI servers: a suite for each file, a case for each finding, and one for each
// document that none was about.
type junitFormat struct{ options Options }

func newJUnit(options Options) Renderer { return junitFormat{options: options} }

// Render writes the result.
func (j junitFormat) Render(out io.Writer, result Result) error {
	var order []string
	suites := map[string]*junit.Testsuite{}
	findings := result.findingsOf()
	for i, document := range result.Documents {
		file := Clean(document.Position.File)
		if suites[file] == nil {
			order = append(order, file)
			suites[file] = &junit.Testsuite{ID: len(order) - 1, Name: file, File: file, Time: "0"}
		}
		for _, each := range j.cases(document, findings[i]) {
			suites[file].AddTestcase(each)
		}
	}
	for _, problem := range result.Problems {
		file := Clean(problem.File)
		if suites[file] == nil {
			order = append(order, file)
			suites[file] = &junit.Testsuite{ID: len(order) - 1, Name: file, File: file, Time: "0"}
		}
		suites[file].AddTestcase(j.problem(problem))
	}
	all := junit.Testsuites{Name: "stateward"}
	for _, file := range order {
		all.AddSuite(*suites[file])
	}
	var page strings.Builder
	page.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	if err := all.WriteXML(&page); err != nil {
		return err
	}
	_, err := io.WriteString(out, page.String())
	return err
}

// cases are at least one: a document is never silently dropped.
func (j junitFormat) cases(document Document, findings []Finding) (cases []junit.Testcase) {
	for _, finding := range findings {
		cases = append(cases, j.of(finding))
	}
	whole := junit.Testcase{Classname: name(document.ObjectReference), Name: "all rules"}
	switch {
	case document.Outcome == Failed:
		message := Clean(document.Error)
		whole.Error = &junit.Result{Message: "could not be evaluated", Type: "error", Data: document.Position.place() + ": " + message}
	case document.Outcome == Skipped:
		whole.Skipped = &junit.Result{Message: noRuleFor(document)}
	case len(findings) > 0:
		return cases
	}
	return append(cases, whole)
}

func (j junitFormat) of(finding Finding) junit.Testcase {
	test := junit.Testcase{Classname: name(finding.Object), Name: Clean(finding.Rule)}
	about := block(finding, palette{})
	switch {
	case j.options.fails(finding):
		test.Failure = &junit.Result{Message: finding.problem(), Type: Clean(string(finding.Level)), Data: about}
	case finding.Level == policies.Deny || finding.Level == policies.Warn:
		test.SystemOut = &junit.Output{Data: about}
	default:
		test.Skipped = &junit.Result{Message: finding.problem(), Type: Clean(string(finding.Level)), Data: about}
	}
	return test
}

func (j junitFormat) problem(problem Problem) junit.Testcase {
	test := junit.Testcase{Classname: Clean(problem.File), Name: "input"}
	if problem.Unreadable {
		test.Error = &junit.Result{Message: "cannot be read", Type: "error", Data: problem.place() + ": " + Clean(problem.Message)}
	} else {
		test.SystemOut = &junit.Output{Data: problem.line()}
	}
	return test
}

// noRuleFor says why a document was not evaluated.
func noRuleFor(document Document) string {
	return fmt.Sprintf("no rule judges a %s", Clean(document.Kind))
}
