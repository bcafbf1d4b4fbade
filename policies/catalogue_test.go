package policies_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
)

const good = `# METADATA
# title: A rule
# description: For a test.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE]
#   fix: do it right
#   since: v0.1.0
package stateward.rules.a["b-c"]

report contains 1 if input.x
`

func TestCatalogueComesFromMetadata(t *testing.T) {
	t.Parallel()
	library, err := policies.Load(fstest.MapFS{"rules/a/b-c/b_c.rego": {Data: []byte(good)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []policies.Rule{{
		ID: "b-c", Kind: policies.Validating, Category: "a", Title: "A rule", Description: "For a test.",
		Severity: policies.Deny, On: map[string][]string{"statefulsets": {"CREATE"}}, Fix: "do it right", Since: "v0.1.0",
		File: "rules/a/b-c/b_c.rego", Line: 10, Package: `data.stateward.rules.a["b-c"]`,
	}}
	if diff := cmp.Diff(want, library.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestMetadataThatIsAmbiguousIsRejected(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ find, replace, want string }{
		"no metadata":             {strings.Split(good, "package")[0], "", "rules/a/b-c/b_c.rego:1: package has no METADATA: begin the file with `# METADATA` and a title"},
		"no title":                {"# title: A rule\n", "", `rules/a/b-c/b_c.rego:9: METADATA: key "title" is missing`},
		"no description":          {"# description: For a test.\n", "", `key "description" is missing`},
		"no severity":             {"#   severity: deny\n", "", `key "custom.severity" is missing`},
		"no fix":                  {"#   fix: do it right\n", "", `key "custom.fix" is missing`},
		"no since":                {"#   since: v0.1.0\n", "", `key "custom.since" is missing`},
		"nothing to judge":        {"#     statefulsets: [CREATE]\n", "", `key "custom.on" is missing`},
		"unknown key":             {"since:", "sinze:", `rules/a/b-c/b_c.rego:10: METADATA custom: unknown field "sinze"`},
		"unknown level":           {"severity: deny", "severity: block", `custom.severity: unknown level "block": use one of [deny warn audit off]`},
		"unknown operation":       {"[CREATE]", "[PATCH]", `custom.on.statefulsets: unknown operation "PATCH": use CREATE, UPDATE, DELETE or AUDIT`},
		"unknown resource":        {"statefulsets:", "statefulset:", `unknown resource "statefulset": add its API group to policies/resources.go`},
		"awaited, and not judged": {"#   fix:", "#   when: {services: metadata}\n#   fix:", `custom.when: "services" is not in custom.on`},
		"awaited, and no change":  {"#   fix:", "#   when: {statefulsets: spec}\n#   fix:", `custom.when.statefulsets: unknown change "spec": use one of [metadata ownerReferences finalizers reclaimPolicy claimRef images labels grace selection fourEyes members nodes attachments snapshots references]`},
		"changes of no update":    {"#   fix:", "#   changes: {pods: [spec]}\n#   fix:", `custom.changes: "pods" has no UPDATE in custom.on`},
		"changes of nothing":      {"#   fix:", "#   changes: {statefulsets: []}\n#   fix:", `custom.changes.statefulsets: names no field: name those that the rule judges a change of, or remove it`},
		"changes of an element":   {"#   fix:", "#   changes: {statefulsets: [\"spec.containers[0]\"]}\n#   fix:", `custom.changes.statefulsets: "spec.containers[0]" is not a field: write its keys with dots between them, as in spec.template`},
		"unknown profile":         {"#   fix:", "#   profile: {hard: deny}\n#   fix:", `custom.profile: unknown profile "hard": use one of [baseline strict]`},
		"unknown profile level":   {"#   fix:", "#   profile: {strict: block}\n#   fix:", `custom.profile.strict: unknown level "block"`},
		"bad default":             {"#   fix:", "#   params: {n: {type: integer, default: many, description: d}}\n#   fix:", `custom.params.n.default: many is not an integer`},
		"unknown type":            {"#   fix:", "#   params: {n: {type: number, default: 1, description: d}}\n#   fix:", `unknown type "number": use string, integer, boolean, array, object or duration`},
		"CEL without an expression": {
			"#   fix:", "#   cel: {validations: [{path: spec, what: \"'wrong'\"}]}\n#   fix:", `custom.cel.validations[0]: key "expression" is missing`,
		},
		"CEL that validates nothing": {"#   fix:", "#   cel: {variables: []}\n#   fix:", `custom.cel.validations: there is none`},
		"CEL with an unknown key":    {"#   fix:", "#   cel: {rules: []}\n#   fix:", `METADATA custom: unknown field "rules"`},
		"CEL for an operation that the rule does not check": {
			"#   fix:", "#   cel: {on: {statefulsets: [DELETE]}}\n#   fix:", `custom.cel.on: the rule does not judge DELETE of statefulsets: see custom.on`,
		},
		"CEL with a name twice": {
			"#   fix:", "#   cel: {variables: [{name: a, expression: '1'}, {name: a, expression: '2'}]}\n#   fix:", `custom.cel.variables[1].name: "a" is taken`,
		},
		"CEL with a name that is taken": {
			"#   fix:", "#   cel: {variables: [{name: confirmed, expression: '1'}]}\n#   fix:", `custom.cel.variables[0].name: "confirmed" is taken`,
		},
		"CEL that does not check a resource which the rule does not read": {
			"#   fix:", "#   cel: {notChecked: {pods: they are elsewhere}}\n#   fix:", `custom.cel.notChecked: "pods": name a resource of custom.reads`,
		},
		"wrong type of value": {"severity: deny", "severity: [deny]", `METADATA custom: cannot unmarshal array`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := strings.Replace(good, test.find, test.replace, 1)
			_, err := policies.Load(fstest.MapFS{"rules/a/b-c/b_c.rego": {Data: []byte(source)}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v\nfor\n%s", err, source)
			}
		})
	}
}

func TestMetadataKeepsFormerNames(t *testing.T) {
	t.Parallel()
	var libraries []*policies.Library
	for _, text := range []string{
		"#   when: {statefulsets: marks, pods: owners}\n#   cel: {validations: [{path: a, expression: a, what: a}], unseen: {examples/fail/a.yaml: why}}\n#   fix:",
		"#   when: {statefulsets: metadata, pods: ownerReferences}\n#   cel: {validations: [{path: a, expression: a, what: a}], notChecked: {examples/fail/a.yaml: why}}\n#   fix:",
	} {
		source := strings.NewReplacer("#   fix:", text, "statefulsets: [CREATE]", "{statefulsets: [UPDATE], pods: [UPDATE]}").Replace(good)
		library, err := policies.Load(fstest.MapFS{"rules/a/b-c/b_c.rego": {Data: []byte(source)}})
		if err != nil {
			t.Fatalf("%v in\n%s", err, source)
		}
		libraries = append(libraries, library)
	}
	if diff := cmp.Diff(libraries[1].Rules, libraries[0].Rules); diff != "" {
		t.Errorf("rule with former names (-current +former):\n%s", diff)
	}
}

func TestDuplicateRuleIDsAreRejected(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{
		"the same id": strings.Replace(good, "rules.a", "rules.z", 1),
		"an alias":    strings.Replace(strings.Replace(good, `"b-c"`, `"d-e"`, 1), "#   fix:", "#   aliases: [b-c]\n#   fix:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := policies.Load(fstest.MapFS{
				"rules/a/b-c/b_c.rego": {Data: []byte(good)}, "rules/z/x/x.rego": {Data: []byte(second)},
			})
			want := `rules/z/x/x.rego: id "b-c" is taken by rules/a/b-c/b_c.rego: rename the folder`
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestParseErrorsNameTheirLine(t *testing.T) {
	t.Parallel()
	_, err := policies.Load(fstest.MapFS{
		"lib/a.rego": {Data: []byte("package a\n\nx := ")}, "lib/b.rego": {Data: []byte("package b\n\n\ny := ")},
	})
	if err == nil || !strings.Contains(err.Error(), "lib/a.rego:3") || !strings.Contains(err.Error(), "lib/b.rego:4") {
		t.Errorf("got error %v", err)
	}
}
