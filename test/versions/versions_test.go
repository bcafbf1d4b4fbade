package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseReadsMinorVersions(t *testing.T) {
	t.Parallel()
	for text, test := range map[string]struct {
		want []int
		err  string
	}{
		"1.34":       {want: []int{34}},
		"1.36,1.34":  {want: []int{36, 34}},
		"1.99":       {want: []int{99}},
		"":           {err: `VERSIONS=: "" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"abc":        {err: `VERSIONS=abc: "abc" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"35":         {err: `VERSIONS=35: "35" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"v1.35":      {err: `VERSIONS=v1.35: "v1.35" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"1.35.4":     {err: `VERSIONS=1.35.4: "1.35.4" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"1.+35":      {err: `VERSIONS=1.+35: "1.+35" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"1.34, 1.35": {err: `VERSIONS=1.34, 1.35: " 1.35" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"1.34,":      {err: `VERSIONS=1.34,: "" is not a minor version of Kubernetes: write VERSIONS=1.34,1.35`},
		"1.34,1.34":  {err: "VERSIONS=1.34,1.34: 1.34 is written twice"},
		"1.12":       {err: "VERSIONS=1.12: Stateward supports Kubernetes 1.30 and newer, not 1.12"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, err := parse(text)
			if diff := cmp.Diff(test.want, got); test.err == "" && diff != "" || said(err) != test.err {
				t.Errorf("got %v and %q, want %v and %q", got, said(err), test.want, test.err)
			}
		})
	}
}

func TestNewestTakesTheLastPatchOfEachMinor(t *testing.T) {
	t.Parallel()
	served := []string{"v1.34.0-rc.1", "v1.34.0", "v1.34.9", "v1.34.10", "v1.35.0", "v1.36.0-alpha.1"}
	for name, test := range map[string]struct {
		minors []int
		want   []string
		err    string
	}{
		"in the order of the command": {minors: []int{35, 34}, want: []string{"v1.35.0", "v1.34.10"}},
		"a pre-release is no release": {minors: []int{34, 36}, err: "the module proxy serves no release of Kubernetes 1.36; its newest is 1.35.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newest(test.minors, served)
			if diff := cmp.Diff(test.want, got); diff != "" || said(err) != test.err {
				t.Errorf("error %q, want %q; (-want +got):\n%s", said(err), test.err, diff)
			}
		})
	}
}

func TestReadCountsTestsAndNotesBehaviours(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines string
		want  Outcome
		out   string
	}{
		"all is well": {
			lines: `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestA","Output":"quiet\n"}
{"Action":"attr","Package":"p","Test":"TestA","Key":"kubernetes-version","Value":"a field: ignored"}
{"Action":"attr","Package":"p","Test":"TestA","Key":"other","Value":"a: b"}
{"Action":"pass","Package":"p","Test":"TestA/part","Elapsed":1}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":2}
{"Action":"pass","Package":"p","Elapsed":3}
`,
			want: Outcome{Passed: 1, Behaviours: map[string]string{"a field": "ignored"}},
			out:  "pass TestA (2s)\n",
		},
		"a part fails": {
			lines: `{"Action":"output","Package":"p","Test":"TestA/part","Output":"why\n"}
{"Action":"fail","Package":"p","Test":"TestA/part"}
{"Action":"pass","Package":"p","Test":"TestA/other"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":2}
{"Action":"fail","Package":"p"}
`,
			want: Outcome{Failed: []string{"TestA/part"}, Behaviours: map[string]string{}},
			out:  "why\nfail TestA (2s)\n",
		},
		"a package that does not compile": {
			lines: `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`,
			want: Outcome{Failed: []string{"p"}, Behaviours: map[string]string{}},
			out:  "p.go:1: no\n",
		},
		"a skipped test is not a test that passed": {
			lines: `{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}
`,
			want: Outcome{Failed: []string{"TestA (skipped)"}, Behaviours: map[string]string{}},
			out:  "skip TestA (0s)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			got, err := read(strings.NewReader(test.lines), &out)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("error %v, outcome (-want +got):\n%s", err, diff)
			}
			if diff := cmp.Diff(test.out, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTagsExcludeTestsThatAVersionLacks(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v1.37.2": "", "v1.36.3": "before_1_37", "v1.35.4": "before_1_36,before_1_37", "v1.34.9": "before_1_35,before_1_36,before_1_37",
	} {
		if got, err := tags(version); got != want || err != nil {
			t.Errorf("%s: %q, %v", version, got, err)
		}
	}
}

func TestReadReportsLinesThatAreNotJSON(t *testing.T) {
	t.Parallel()
	if _, err := read(strings.NewReader("panic\n"), &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}

func TestWriteKeepsTheResultsOfOtherVersions(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	yes, no := true, false
	passed := &Outcome{Passed: 2, Behaviours: map[string]string{"a field": "ignored"}}
	for _, result := range []Result{
		{Version: "v1.36.3", Day: "2026-11-29", Tour: &yes, EndToEnd: passed, Policies: &Outcome{Passed: 1}, Forecasts: &Forecasts{Scenarios: 5}},
		{Version: "v1.36.3", Forecasts: &Forecasts{Scenarios: 20, Equal: true}},
		{Version: "v1.35.3", Day: "2026-10-29", EndToEnd: passed, Policies: passed},
		{Version: "v1.35.4", Day: "2026-11-28", Tour: &no, EndToEnd: &Outcome{Passed: 1, Failed: []string{"TestA/part"}}, Policies: &Outcome{Passed: 1}, Forecasts: &Forecasts{Scenarios: 5}},
		{Version: "v1.34.9", Day: "2026-11-28", Tour: &yes, EndToEnd: passed, Policies: passed},
		{Version: "v1.34.10", Forecasts: &Forecasts{Scenarios: 20, Equal: true}},
	} {
		if err := write(folder, result); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := introduction + `| what was run | v1.34.10 | v1.35.4 | v1.36.3 |
| --- | --- | --- | --- |
| day | not run | 2026-11-28 | 2026-11-29 |
| tour | not run | failed | passed |
| end-to-end tests | not run | 1 passed, 1 failed | 2 passed |
| exported policies | not run | 1 passed | 1 passed |
| forecasts | 20 scenarios, no difference | a difference | 20 scenarios, no difference |

## Behaviour of each version

Tests found these differences, and check what follows from them.

| behaviour | v1.34.10 | v1.35.4 | v1.36.3 |
| --- | --- | --- | --- |
| a field | not run | not run | ignored |

## Failed tests

- v1.35.4: TestA/part
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOutcomeTakesWhatFailedTestsBecame(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, now Outcome
		pattern     string
		want        Outcome
	}{
		"a part that passes now": {
			before:  Outcome{Passed: 3, Failed: []string{"TestA/one", "TestA/two", "TestB (skipped)"}, Behaviours: map[string]string{"x": "1"}},
			now:     Outcome{Passed: 2, Behaviours: map[string]string{"y": "2"}},
			pattern: "^(TestA|TestB)$",
			want:    Outcome{Passed: 5, Behaviours: map[string]string{"x": "1", "y": "2"}},
		},
		"one that still fails": {
			before:  Outcome{Passed: 3, Failed: []string{"TestA"}, Behaviours: map[string]string{}},
			now:     Outcome{Failed: []string{"TestA"}},
			pattern: "^(TestA)$",
			want:    Outcome{Passed: 3, Failed: []string{"TestA"}, Behaviours: map[string]string{}},
		},
		"a package that ended early": {
			before:  Outcome{Passed: 3, Failed: []string{"github.com/stateward/stateward/test/e2e"}, Behaviours: map[string]string{}},
			now:     Outcome{Passed: 9},
			pattern: ".",
			want:    Outcome{Passed: 9, Behaviours: map[string]string{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if pattern := test.before.pattern(); pattern != test.pattern {
				t.Errorf("pattern %s, want %s", pattern, test.pattern)
			}
			test.before.replace(test.now)
			if diff := cmp.Diff(test.want, test.before); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPageMatchesTheResults(t *testing.T) {
	t.Parallel()
	results, err := load("results")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page(results), string(got)); diff != "" {
		t.Errorf("README.md is not that of results/: run `make test-versions` (-want +got):\n%s", diff)
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
