package report_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
)

func TestRegionCoversTheFieldOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line   string
		column int
		want   string
	}{
		"a key with its value":                     {line: "  image: nginx:latest", column: 3, want: "image: nginx:latest"},
		"a key whose value is below":               {line: "spec:", column: 1, want: "spec:"},
		"a list item":                              {line: "  - name: web", column: 5, want: "name: web"},
		"no comment":                               {line: "  replicas: 3  # three", column: 3, want: "replicas: 3"},
		"a # in the middle of text":                {line: "  image: a#b # c", column: 3, want: "image: a#b"},
		"a # in quotes":                            {line: `  image: "a # b" # c`, column: 3, want: `image: "a # b"`},
		"an apostrophe in plain text":              {line: "  owner: it's ours # c", column: 3, want: "owner: it's ours"},
		"an escaped quote":                         {line: `  a: "x\" # y" # z`, column: 3, want: `a: "x\" # y"`},
		"no trailing space":                        {line: "  replicas: 3 \t", column: 3, want: "replicas: 3"},
		"an entry of a flow mapping":               {line: "  spec: {replicas: 3, paused: true}", column: 10, want: "replicas: 3"},
		"the last entry of a flow mapping":         {line: "  spec: {replicas: 3, paused: true}", column: 23, want: "paused: true"},
		"an entry of a flow mapping that has one":  {line: "  spec: {a: {b: [1, 2]}, c: 3}", column: 10, want: "a: {b: [1, 2]}"},
		"an entry of JSON":                         {line: `    "image": "a,b]}", "c": 1`, column: 5, want: `"image": "a,b]}"`},
		"an object of JSON":                        {line: `[{"a": 1}, {"b": 2}]`, column: 12, want: `{"b": 2}`},
		"plain text with commas":                   {line: "  args: a, b", column: 3, want: "args: a, b"},
		"characters, not bytes":                    {line: "  ä: 🐘 # c", column: 3, want: "ä: 🐘"},
		"nothing where the line is shorter":        {line: "a: 1", column: 9, want: ""},
		"nothing where the line is not known":      {line: "", column: 3, want: ""},
		"the first column where there is no other": {line: "a: 1", column: 0, want: "a: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web := results()["a denial"].Findings[0].Object
			position := report.Position{File: "web.yaml", Line: 3, Column: test.column}
			read, err := sarif.FromString(render(t, "sarif", options(), evaluated(web, position, found(policies.Deny, web, position, test.line))))
			if err != nil {
				t.Fatal(err)
			}
			region := read.Runs[0].Results[0].Locations[0].PhysicalLocation.Region
			got := ""
			if region.EndColumn != nil {
				got = string([]rune(test.line)[*region.StartColumn-1 : *region.EndColumn-1])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("region (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCaretIsBelowTheColumn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line   string
		column int
		want   string
	}{
		"of a short line":              {line: "  image: a", column: 3, want: "   3 |   image: a\n     |   ^\n"},
		"behind a tab":                 {line: "\timage: a", column: 2, want: "   3 |  image: a\n     |  ^\n"},
		"behind letters of many bytes": {line: "  ä: b", column: 6, want: "   3 |   ä: b\n     |      ^\n"},
		"behind the end of its line":   {line: "a", column: 40, want: "   3 | a\n     |  ^\n"},
		"of no line":                   {line: "  ", column: 1, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web := results()["a denial"].Findings[0].Object
			position := report.Position{File: "web.yaml", Line: 3, Column: test.column}
			finding := found(policies.Deny, web, position, test.line)
			finding.Message, finding.Fix = "[image-tag] wrong. Fix: mend it", "mend it"
			got := render(t, "text", options(), evaluated(web, position, finding))
			want := "web.yaml:3:" + strconv.Itoa(test.column) + ": deny: StatefulSet default/web: [image-tag] wrong.\n" + test.want +
				"     fix: mend it\n1 document, 1 judged: 1 denied, 0 warnings in 1 object\n"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}
