package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/builders"
)

// router is the least that an engine asks for.
const router = `package stateward.lib.router

with_levels(reports) := {finding | some report in reports; some finding in report}

mutations_with_levels(_) := set()
`

const metadata = `# METADATA
# title: A rule
# description: For a test.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE]
#   fix: nothing
#   since: v0.1.0
`

func TestLibraryErrorsNameTheirPosition(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ rule, want string }{
		"no Rego":                 {"package stateward.rules.a[", "rules/a/b/b.rego:1"},
		"an undefined function":   {"package stateward.rules.a.b\n\nreport contains 1 if nonsense(1)", "rules/a/b/b.rego:12: rego_type_error: undefined function nonsense"},
		"the network":             {"package stateward.rules.a.b\n\nreport contains x if x := http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"})", "undefined function http.send"},
		"a look-up of a host":     {"package stateward.rules.a.b\n\nreport contains x if x := net.lookup_ip_addr(\"localhost\")", "undefined function net.lookup_ip_addr"},
		"the environment":         {"package stateward.rules.a.b\n\nreport contains x if x := opa.runtime()", "undefined function opa.runtime"},
		"the clock":               {"package stateward.rules.a.b\n\nreport contains x if x := time.now_ns()", "undefined function time.now_ns"},
		"chance":                  {"package stateward.rules.a.b\n\nreport contains x if x := rand.intn(\"a\", 9)", "undefined function rand.intn"},
		"a mocked function":       {"package stateward.rules.a.b\n\nreport contains x if x := count([]) with count as http.send", "rules/a/b/b.rego:12"},
		"an unused variable":      {"package stateward.rules.a.b\n\nreport contains 1 if x := 1", "rules/a/b/b.rego:12"},
		"a rule with two answers": {"package stateward.rules.a.b\n\nreport := 1\n\nreport contains 2", "rules/a/b/b.rego:12"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			library, err := policies.Load(fstest.MapFS{
				"lib/router.rego":  {Data: []byte(router)},
				"rules/a/b/b.rego": {Data: []byte(metadata + test.rule)},
			})
			if err == nil {
				_, err = engine.New(t.Context(), library, nil)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestFailingBuiltinEndsTheEvaluation(t *testing.T) {
	t.Parallel()
	decider := engineOf(t, `package stateward.rules.a.b

report contains {"rule": "b", "level": "deny"} if to_number(input.request.object.metadata.name) > 3
`)
	_, err := decider.Decide(t.Context(), create(builders.MakeStatefulSet()), inv(t))
	if err == nil || !strings.Contains(err.Error(), "rules/a/b/b.rego:12") {
		t.Errorf("got error %v", err)
	}
}

func TestConflictingRuleEndsTheEvaluation(t *testing.T) {
	t.Parallel()
	decider := engineOf(t, `package stateward.rules.a.b

report := set() if input.request.kind.kind == "StatefulSet"

report := {{"rule": "b", "level": "deny"}} if input.request.kind.kind == "StatefulSet"
`)
	_, err := decider.Decide(t.Context(), create(builders.MakeStatefulSet()), inv(t))
	if err == nil || !strings.Contains(err.Error(), "rules/a/b/b.rego:14: eval_conflict_error") {
		t.Errorf("got error %v", err)
	}
}

func TestEndlessRuleIsStopped(t *testing.T) {
	t.Parallel()
	decider := engineOf(t, `package stateward.rules.a.b

report contains x if {
	some x in numbers.range(1, 100000)
	some y in numbers.range(1, 100000)
	x * y < 0
}
`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := decider.Decide(ctx, create(builders.MakeStatefulSet()), inv(t))
	if !errors.Is(err, engine.ErrDeadline) {
		t.Errorf("got error %v", err)
	}
}

func TestRuleThatCannotBePlannedIsEvaluatedByOPA(t *testing.T) {
	t.Parallel()
	decider := engineOf(t, `package stateward.rules.a.b

report contains finding if {
	services := data.cluster.known with data.cluster.known as {"services": 3}
	services == {"services": 3}
	finding := {
		"rule": "b", "level": "deny", "msg": "m", "path": [], "field": "", "what": "w", "fix": "f",
		"object": {"kind": "StatefulSet", "namespace": "default", "name": "web"},
	}
}
`)
	if why := decider.Unplanned(); why == nil || !strings.Contains(why.Error(), "replaces a part of data") {
		t.Errorf("not planned for %v", why)
	}
	decision, err := decider.Decide(t.Context(), create(builders.MakeStatefulSet()), inv(t))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"deny b"}, levels(decision)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// engineOf makes an engine whose only rule is the given one.
func engineOf(t *testing.T, rule string) *engine.Engine {
	t.Helper()
	library, err := policies.Load(fstest.MapFS{
		"lib/router.rego":  {Data: []byte(router)},
		"rules/a/b/b.rego": {Data: []byte(metadata + rule)},
	})
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

func TestCapabilitiesAllowNoNetworkOrRandomness(t *testing.T) {
	t.Parallel()
	capabilities := engine.Capabilities()
	if capabilities.AllowNet == nil || len(capabilities.AllowNet) > 0 {
		t.Errorf("AllowNet is %#v: only an empty list allows no host", capabilities.AllowNet)
	}
	for _, builtin := range capabilities.Builtins {
		if builtin.IsNondeterministic() {
			t.Errorf("%s gives another answer each time", builtin.Name)
		}
	}
	if known := len(ast.CapabilitiesForThisVersion().Builtins); len(capabilities.Builtins) >= known {
		t.Errorf("%d of %d built-in functions are allowed", len(capabilities.Builtins), known)
	}
}
