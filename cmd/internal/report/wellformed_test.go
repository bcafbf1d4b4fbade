package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/test/builders"
)

// wellFormed has a check for each format: the output must be valid and hold everything of the result.
func wellFormed(t testing.TB) map[string]func(page string, result report.Result) error {
	t.Helper()
	schema := jsonSchema(t)
	all := map[string]func(string, report.Result) error{
		"text": wellFormedText,
		"json": func(page string, _ report.Result) error { return schema(page) },
		"junit": func(page string, _ report.Result) error {
			return wellFormedXML(page)
		},
		"html":         wellFormedHTML,
		"sarif":        wellFormedSARIF,
		"github":       wellFormedGitHub,
		"gitlab":       wellFormedGitLab,
		"tap":          wellFormedTAP,
		"policyreport": wellFormedReports("wgpolicyk8s.io/v1alpha2"),
		"openreports":  wellFormedReports("openreports.io/v1alpha1"),
	}
	for format, check := range all {
		all[format] = func(page string, result report.Result) error {
			return errors.Join(harmless(page), check(page, result))
		}
	}
	return all
}

// harmless reports characters that control a terminal.
func harmless(page string) error {
	for line := range strings.Lines(page) {
		if !utf8.ValidString(line) {
			return fmt.Errorf("%q is not UTF-8", line)
		}
		for _, r := range line {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				return fmt.Errorf("%q has %U", line, r)
			}
		}
	}
	return nil
}

func jsonSchema(t testing.TB) func(page string) error {
	t.Helper()
	text, err := os.ReadFile("json.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return builders.Schema(t, text)
}

// wellFormedText looks for the lines that editors jump to, each where it is expected.
func wellFormedText(page string, result report.Result) error {
	rest := page
	for i, finding := range result.Findings {
		_, after, found := strings.Cut(rest, ": "+string(finding.Level)+": ")
		if !found {
			return fmt.Errorf("finding %d is not there", i)
		}
		rest = after
	}
	return nil
}

func wellFormedXML(page string) error {
	decoder := xml.NewDecoder(strings.NewReader(page))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// inline are the parts of a page that are no markup.
var inline = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`)

// void are the elements of HTML that have no end, those of them that pages use.
var void = regexp.MustCompile(`<((?:meta|link|input|br)\b[^>]*)>`)

// asXML is the markup with what HTML may leave out.
func asXML(page string) string {
	return strings.ReplaceAll(void.ReplaceAllString(inline.ReplaceAllString(page, ""), "<$1/>"), " checked/>", ` checked=""/>`)
}

// wellFormedHTML reads the markup as XML, so that a text which opens or closes an element is found.
func wellFormedHTML(page string, result report.Result) error {
	if found := inline.FindAllString(page, -1); len(found) != 2 {
		return fmt.Errorf("%d styles and scripts", len(found))
	}
	decoder := xml.NewDecoder(strings.NewReader(asXML(page)))
	decoder.Entity = xml.HTMLEntity
	elements, findings := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return errors.Join(equal(findings, len(result.Findings), "findings"), equal(elements, 0, "elements that are left open"))
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements++
			if slices.Contains([]string{"a", "img", "iframe", "object", "embed", "video", "audio", "base"}, token.Name.Local) && !isLocal(token) {
				return fmt.Errorf("the page has %v", token)
			}
			if slices.ContainsFunc(token.Attr, func(each xml.Attr) bool { return each.Name.Local == "data-level" }) {
				findings++
			}
		case xml.EndElement:
			elements--
		}
	}
}

// isLocal reports whether an element is a link into the page itself.
func isLocal(element xml.StartElement) bool {
	return element.Name.Local == "a" && !slices.ContainsFunc(element.Attr, func(each xml.Attr) bool {
		return each.Name.Local == "href" && !strings.HasPrefix(each.Value, "#")
	})
}

func wellFormedSARIF(page string, result report.Result) error {
	read, err := sarif.FromString(page, sarif.WithStrictValidation())
	if err != nil {
		return err
	}
	if len(read.Runs) != 1 {
		return fmt.Errorf("%d runs", len(read.Runs))
	}
	return equal(len(read.Runs[0].Results), len(result.Findings), "results")
}

// validSARIF compares with the schema of SARIF 2.1.0, which takes too long for fuzzing.
func validSARIF(page string) error {
	read, err := sarif.FromString(page, sarif.WithStrictValidation())
	if err != nil {
		return err
	}
	return read.Validate()
}

// wellFormedGitHub knows that a line is a command of ours or the summary: no other can be forged.
func wellFormedGitHub(page string, result report.Result) error {
	lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
	command := regexp.MustCompile(`^::(error|warning|notice) (file=[^:,]+,)?(line=\d+,col=\d+,)?title=[^:,]*::`)
	for _, line := range lines[:len(lines)-1] {
		if !command.MatchString(line) {
			return fmt.Errorf("%q is no command", line)
		}
	}
	return equal(len(lines)-1, len(result.Findings)+failed(result)+len(result.Problems)+notes(result), "commands")
}

func wellFormedGitLab(page string, result report.Result) error {
	var issues []struct {
		Fingerprint string
		Location    struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal([]byte(page), &issues); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, issue := range issues {
		if seen[issue.Fingerprint] || issue.Location.Path == "" || issue.Location.Lines.Begin < 1 {
			return fmt.Errorf("GitLab drops %+v", issue)
		}
		seen[issue.Fingerprint] = true
	}
	return equal(len(issues), len(result.Findings)+failed(result)+len(result.Problems), "issues")
}

// wellFormedTAP compares the plan with the tests.
func wellFormedTAP(page string, _ report.Result) error {
	var plan int
	if _, err := fmt.Sscanf(page, "TAP version 14\n1..%d", &plan); err != nil {
		return err
	}
	tests := regexp.MustCompile(`(?m)^(not )?ok \d+ - `).FindAllString(page, -1)
	return equal(len(tests), plan, "tests")
}

// wellFormedReports knows that there is one object for each namespace.
func wellFormedReports(version string) func(string, report.Result) error {
	return func(page string, _ report.Result) error { return wellFormedObjects(version, page) }
}

func wellFormedObjects(version, page string) error {
	seen := map[string]bool{}
	for _, text := range strings.Split(page, "---\n") {
		var object struct {
			APIVersion, Kind string
			Metadata         struct{ Namespace string }
			Summary          map[string]int
			Results          []any
		}
		if text == "" {
			continue
		}
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			return err
		}
		sum := 0
		for _, n := range object.Summary {
			sum += n
		}
		if object.APIVersion != version || seen[object.Metadata.Namespace] || sum != len(object.Results) {
			return fmt.Errorf("unexpected object:\n%s", text)
		}
		seen[object.Metadata.Namespace] = true
	}
	return nil
}

func failed(result report.Result) (n int) {
	for _, document := range result.Documents {
		if document.Outcome == report.Failed {
			n++
		}
	}
	return n
}

func notes(result report.Result) (n int) {
	for _, left := range result.LeftOut {
		if left.Note {
			n++
		}
	}
	return n
}

func equal(got, want int, what string) error {
	if got != want {
		return fmt.Errorf("%d %s, want %d", got, what, want)
	}
	return nil
}
