package report_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
)

var update = flag.Bool("update", false, "write the golden files")

func options() report.Options {
	return report.Options{Verbose: true, FailOn: policies.Deny, Dir: "/ci"}
}

// render writes a result, twice: what is written follows from the result alone.
func render(t *testing.T, format string, options report.Options, result report.Result) string {
	t.Helper()
	renderer, err := report.New(format, options)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := renderer.Render(&first, result); err != nil {
		t.Fatal(err)
	}
	if err := renderer.Render(&second, result); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Errorf("%s says something else the second time:\n%s", format, diff)
	}
	return first.String()
}

func TestFormatsMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, format := range report.Formats() {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			got := render(t, format, options(), everything())
			file := filepath.Join("testdata", format+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v: run `go test ./cmd/internal/report -update`", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got); `go test ./cmd/internal/report -update` takes the new one:\n%s", file, diff)
			}
		})
	}
}

func TestFormatsAreWellFormedForAnyResult(t *testing.T) {
	t.Parallel()
	table := results()
	table["nothing"] = report.Result{}
	table["everything"] = everything()
	checks := wellFormed(t)
	for _, name := range slices.Sorted(maps.Keys(table)) {
		for _, format := range report.Formats() {
			t.Run(name+"/"+format, func(t *testing.T) {
				t.Parallel()
				got := render(t, format, options(), table[name])
				if err := checks[format](got, table[name]); err != nil {
					t.Errorf("%v:\n%s", err, got)
				}
			})
		}
	}
}

func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
	table := results()
	table["nothing"] = report.Result{}
	table["everything"] = everything()
	for name, result := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := validSARIF(render(t, "sarif", options(), result)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnknownFormatErrorListsTheFormats(t *testing.T) {
	t.Parallel()
	_, err := report.New("xml", report.Options{})
	want := `unknown output format "xml": use one of text, json, html, junit, sarif, github, gitlab, tap, policyreport, openreports`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFormatsWithoutLevelsFollowFailOn(t *testing.T) {
	t.Parallel()
	warning := results()["a warning"]
	for name, test := range map[string]struct {
		format string
		failOn policies.Level
		want   string
		times  int
	}{
		"a warning fails no JUnit case under deny":   {format: "junit", failOn: policies.Deny, want: "<failure", times: 0},
		"a warning fails a JUnit case under warn":    {format: "junit", failOn: policies.Warn, want: "<failure", times: 1},
		"a warning is one to do in TAP under deny":   {format: "tap", failOn: policies.Deny, want: "# TODO warn", times: 1},
		"a warning fails in TAP under warn":          {format: "tap", failOn: policies.Warn, want: "# TODO warn", times: 0},
		"a warning is one to do in TAP under none":   {format: "tap", failOn: policies.Off, want: "# TODO warn", times: 1},
		"a warning fails no JUnit case under none":   {format: "junit", failOn: policies.Off, want: "<failure", times: 0},
		"the level is told to GitHub all the same":   {format: "github", failOn: policies.Warn, want: "::warning ", times: 1},
		"the level is told to people all the same":   {format: "text", failOn: policies.Off, want: ": warn: ", times: 1},
		"the level is told to programs all the same": {format: "json", failOn: policies.Off, want: `"level": "warn"`, times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := render(t, test.format, report.Options{FailOn: test.failOn}, warning)
			if times := strings.Count(got, test.want); times != test.times {
				t.Errorf("%q is there %d times, not %d:\n%s", test.want, times, test.times, got)
			}
		})
	}
}

func TestFingerprintsStayWhenLinesMove(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sarif", "gitlab"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			moved := everything()
			for i := range moved.Findings {
				moved.Findings[i].Position.Line += 7
				moved.Findings[i].Position.Column += 2
				moved.Findings[i].Message += " in other words"
			}
			before := fingerprints(render(t, format, options(), everything()))
			if diff := cmp.Diff(before, fingerprints(render(t, format, options(), moved))); diff != "" {
				t.Errorf("fingerprints changed (-before +after):\n%s", diff)
			}
			if distinct := slices.Compact(slices.Sorted(slices.Values(before))); len(distinct) != len(before) {
				t.Errorf("%d fingerprints, of which %d are distinct", len(before), len(distinct))
			}
		})
	}
}

// fingerprints are the lines that hold one.
func fingerprints(page string) (lines []string) {
	for line := range strings.Lines(page) {
		if strings.Contains(line, `"fingerprint"`) || strings.Contains(line, `"stateward/v1"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestTextIsColoredOnlyIfAllowed(t *testing.T) {
	t.Parallel()
	denial := results()["a denial"]
	want := "\x1b[1mweb.yaml:30:11\x1b[22m: \x1b[31;1mdeny\x1b[0;22m: StatefulSet default/web: "
	if got := render(t, "text", report.Options{Color: true}, denial); !strings.HasPrefix(got, want) {
		t.Errorf("with colours it begins otherwise:\n%q", got)
	}
	if got := render(t, "text", report.Options{}, denial); strings.Contains(got, "\x1b") {
		t.Errorf("without colours there are escapes:\n%q", got)
	}
}
