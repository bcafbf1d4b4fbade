package changes_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/changes"
)

// shape replaces the library: the prover takes what it hands over for one entry.
const shape = `package stateward.lib.shape

judged := data.review`

// rule is a rule with the rest of its body and more definitions.
const rule = `package rule

import data.stateward.lib.shape

report contains entry.name if {
	some entry in shape.judged
	`

func TestUnprovedFindsFalseDeclarations(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"another field is compared":      `entry.object.spec.template != entry.old.spec.template }`,
		"nothing is compared":            `entry.object.spec.replicas > 3 }`,
		"a field above is compared":      `entry.object.spec != entry.old.spec }`,
		"a key that is not known":        `some key, value in entry.object.spec; value != entry.old.spec[key] }`,
		"any key":                        `some key in ["replicas", "template"]; entry.object.spec[key] != entry.old.spec[key] }`,
		"through a function":             "other(entry.object) != other(entry.old) }\nother(sts) := [sts.spec.replicas, sts.spec.template]",
		"through two functions":          "outer(entry.object) != outer(entry.old) }\nouter(sts) := inner(sts.spec)\ninner(spec) := spec.template",
		"through a path as argument":     `at(entry.object, ["spec", "template"]) != at(entry.old, ["spec", "template"]) }` + "\nat(sts, path) := object.get(sts, path, null)",
		"through an else":                "other(entry.object) != other(entry.old) }\nother(sts) := sts.spec.replicas if sts.metadata.labels.a\nelse := 0",
		"through a default":              "other(entry.object) != other(entry.old) }\ndefault other(_) := 0\nother(sts) := 1 if sts.spec.paused",
		"through object.get":             `object.get(entry.object, ["spec", "template"], null) != object.get(entry.old, ["spec", "template"], null) }`,
		"through object.get of a string": `object.get(entry.object.spec, "replicas", null) != object.get(entry.old.spec, "replicas", null) }`,
		"through object.remove":          `object.remove(entry.object, ["spec"]) != object.remove(entry.old, ["spec"]) }`,
		"through json.filter":            `json.filter(entry.object, ["spec/template"]) != json.filter(entry.old, ["spec/template"]) }`,
		"through walk":                   `leaves(entry.object) != leaves(entry.old) }` + "\nleaves(sts) := {path: value | walk(sts, [path, value])}",
		"through a comprehension":        `{key | some key, _ in entry.object.spec} != {key | some key, _ in entry.old.spec} }`,
		"through one in a function":      "keys(entry.object) != keys(entry.old) }\nkeys(sts) := [key | some key, _ in sts.metadata.labels]",
		"through every":                  `same(entry.object) != same(entry.old) }` + "\ndefault same(_) := false\nsame(sts) if every key, _ in sts.spec { key != \"a\" }",
		"through not":                    `not entry.object.spec.template == entry.old.spec.template }`,
		"through a membership":           `some each in entry.object.spec.template; not each in entry.old.spec.template }`,
		"with another way":               "changed(entry) }\nchanged(entry) if entry.object.spec.replicas != entry.old.spec.replicas\nchanged(entry) if entry.object.metadata != entry.old.metadata",
		"with a negation of a change":    "not same(entry) }\nsame(entry) if { entry.object.spec.replicas == entry.old.spec.replicas; entry.object.metadata.labels.a }",
		"with an undefined field":        `not entry.object.spec.replicas == entry.old.spec.replicas }`,
		"of equal values":                `entry.object.spec.replicas <= entry.old.spec.replicas }`,
		"of a length":                    `count(entry.object.spec.replicas) > 0 }`,
		"of a value under with":          "value(entry, x) with input as {}; not x == 3 }\nvalue(_) := 1",
		"of another kind":                `entry.kind == "StatefulSet" }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff([]int{5}, unproved(t, rule+body)); diff != "" {
				t.Errorf("lines that are not proved (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnprovedAcceptsTrueDeclarations(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a comparison":                `entry.object.spec.replicas != entry.old.spec.replicas }`,
		"one of order":                `entry.object.spec.replicas < entry.old.spec.replicas; entry.object.status.phase != entry.old.status.phase }`,
		"below a field":               `entry.object.spec.replicas.a.b != entry.old.spec.replicas.a.b }`,
		"another kind":                `entry.kind == "Service" }`,
		"another operation":           `entry.operation in {"CREATE", "DELETE"} }`,
		"through a function":          "pods(entry.object) > pods(entry.old) }\npods(sts) := object.get(sts, [\"spec\", \"replicas\"], 1)",
		"through an else":             "pods(entry.object) > pods(entry.old) }\npods(sts) := 1 if object.get(sts, [\"spec\", \"replicas\"], null) == null\nelse := sts.spec.replicas",
		"through object.filter":       "part(entry.object) != part(entry.old) }\npart(sts) := object.get(sts, [\"spec\", \"replicas\"], null)",
		"through a comprehension":     `[each | some each in entry.object.spec.replicas] != [each | some each in entry.old.spec.replicas] }`,
		"through a membership":        `some each in entry.object.spec.replicas; not each in {other | some other in entry.old.spec.replicas} }`,
		"through an element":          "some step in steps(entry); step.to > 1 }\nsteps(entry) := [{\"to\": 2} | entry.object.spec.replicas != entry.old.spec.replicas]",
		"through a count":             "count(steps(entry)) > 0 }\nsteps(entry) := [1 | entry.object.spec.replicas != entry.old.spec.replicas]",
		"through min":                 `min([entry.object.spec.replicas, entry.object.status.a]) > entry.old.spec.replicas }`,
		"through three comparisons":   `entry.object.spec.replicas > entry.time; entry.time >= entry.old.spec.replicas }`,
		"through a function with two": "changed(entry) }\nchanged(entry) if entry.object.spec.replicas != entry.old.spec.replicas\nchanged(entry) if entry.operation == \"CREATE\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if lines := unproved(t, rule+body); lines != nil {
				t.Errorf("lines %v are not proved", lines)
			}
		})
	}
}

func TestUnprovedTakesWholeSets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		source string
		want   []int
	}{
		"a set that is written at once": {
			source: "package rule\n\nreport := {entry | some entry in data.stateward.lib.shape.judged; entry.object.spec.replicas != entry.old.spec.replicas}",
		},
		"one with a default": {
			source: "package rule\n\ndefault report := {1}\n\nreport := set() if data.a",
			want:   []int{3},
		},
		"an object": {source: "package rule\n\nreport[name] := 1 if name := data.a", want: []int{3}},
		"no set":    {source: "package rule\n\nother contains 1"},
		"only violations that are touched": {
			source: "package rule\n\nreport contains data.stateward.lib.result.violation([], entry, {\"touched\": entry.object.spec.replicas != entry.old.spec.replicas}) if {\n\tsome entry in data.stateward.lib.shape.judged\n}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, unproved(t, test.source)); diff != "" {
				t.Errorf("lines that are not proved (-want +got):\n%s", diff)
			}
		})
	}
}

// unproved are the lines of definitions for which there is no proof that they need a change of spec.replicas.
func unproved(t *testing.T, source string) (lines []int) {
	t.Helper()
	compiler, err := ast.CompileModules(map[string]string{
		"shape.rego": shape, "rule.rego": source,
		"result.rego": "package stateward.lib.result\n\nviolation(_, entry, found) := object.union(found, {\"name\": entry.name})",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range changes.NewProgram(compiler).Unproved("data.rule.report", changes.Target{
		Resource: "statefulsets", Group: "apps", Kind: "StatefulSet", Fields: []string{"spec.replicas"},
	}) {
		lines = append(lines, at.Row)
	}
	return lines
}
