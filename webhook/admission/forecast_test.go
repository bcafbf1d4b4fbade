package admission

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/cluster"
	"github.com/stateward/stateward/webhook/preview"
)

// foresight is an inventory that has an inventory for forecasts.
type foresight struct {
	inventory.Inventory
	panics bool
}

func (f foresight) AtTime(time.Time) preview.Inventory {
	if f.panics {
		panic("the inventory is broken")
	}
	return f
}

func (foresight) HoldsObjects() bool { return true }

func (f foresight) StatefulSet(string, string) (preview.Stored, bool) {
	return preview.Stored{}, false
}
func (f foresight) StatefulSets(string) []preview.Stored { return nil }
func (f foresight) Pods(set forecast.Set) (pods []forecast.Pod, known bool) {
	for ordinal := range 3 {
		pods = append(pods, forecast.Pod{Ordinal: ordinal, Revision: set.CurrentRevision, Phase: forecast.Running, Ready: true, ReadySince: -100})
	}
	return pods, true
}
func (f foresight) Names(forecast.Set) forecast.Naming           { return forecast.NamesOfReady }
func (f foresight) Claims(forecast.Set) ([]forecast.Claim, bool) { return nil, true }

func TestForecastsFollowTheGuardrails(t *testing.T) {
	t.Parallel()
	const stops = "forecast: stops web-0, web-1, web-2 at once"
	for name, test := range map[string]struct {
		mode    string
		phase   engine.Phase
		wet     bool
		panics  bool
		none    bool
		warning string
		audited string
	}{
		"by default":                      {warning: stops},
		"by default, without dry run":     {wet: true},
		"DryRun":                          {mode: "DryRun", warning: stops},
		"Off":                             {mode: "Off"},
		"Always":                          {mode: "Always", warning: stops, audited: `"stops":["web-0","web-1","web-2"]`},
		"Always, without dry run":         {mode: "Always", wet: true, audited: `"stops":["web-0","web-1","web-2"]`},
		"Always, at the mutating webhook": {mode: "Always", phase: engine.MutatingPhase},
		"a panic":                         {panics: true, warning: "forecast: not made for this request: the forecast failed: the inventory is broken: use `stateward plan`"},
		"an inventory that has no caches": {none: true},
		"Always, and no caches":           {mode: "Always", none: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := newHandler(t, max(test.phase, engine.ValidatingPhase))
			policy, err := handler.Policy()
			if err != nil {
				t.Fatal(err)
			}
			decider := policy.Engine
			if test.mode != "" {
				decider = under(t, `{"forecast":"`+test.mode+`"}`)
			}
			var inv inventory.Inventory = foresight{policy.Inventory, test.panics}
			if test.none {
				inv = policy.Inventory
			}
			before, after := decided(t, handler, decider, policy.Inventory, test.wet), decided(t, handler, decider, inv, test.wet)
			if before.Allowed != after.Allowed || !cmp.Equal(before.Result, after.Result) {
				t.Errorf("a forecast changes the decision: %v, %v", before.Result, after.Result)
			}
			added := after.Warnings[len(before.Warnings):]
			if got := strings.Join(added, "\n"); got != test.warning {
				t.Errorf("warnings %q", added)
			}
			if audited := after.AuditAnnotations["forecast"]; !strings.Contains(audited, test.audited) || (audited == "") != (test.audited == "") {
				t.Errorf("audited: %s", audited)
			}
		})
	}
}

func under(t *testing.T, spec string) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	guardrails, err := v1alpha1.ParseGuardrails([]byte(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":`+spec+`}`), library)
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

// decided is the answer to the recorded deletion of a StatefulSet.
func decided(t *testing.T, handler *Handler, decider *engine.Engine, inv inventory.Inventory, wet bool) admission.Response {
	t.Helper()
	request := recording(t, "11-delete-background.json")
	dry := !wet
	request.DryRun = &dry
	asked := *handler
	asked.Policy = fixed(decider, inv)
	response := asked.Handle(t.Context(), admission.Request{AdmissionRequest: *request})
	if _, err := json.Marshal(response); err != nil {
		t.Fatal(err)
	}
	return response
}

// proving counts how often a proof of the sender is asked for, and has objects of the cluster or none.
type proving struct {
	foresight
	holds bool
	asked *int
}

func (p proving) HoldsObjects() bool { return p.holds }

func (p proving) Proves(context.Context, cluster.Claimed) bool {
	*p.asked++
	return false
}

func TestForecastsNeedNoProofOfTheSenderAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		holds   bool
		asked   int
		warning string
	}{
		"of the request alone":      {false, 0, "forecast: stops web-0, web-1, web-2 at once"},
		"of objects of the cluster": {true, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler, asked := newHandler(t, engine.ValidatingPhase), 0
			// Without rules nothing else needs a proof.
			decider := under(t, `{"rules":[`+strings.Join(off(t), ",")+`]}`)
			response := decided(t, handler, decider, proving{foresight{inventory.NewSnapshot("default", nil), false}, test.holds, &asked}, false)
			if got := strings.Join(response.Warnings, "\n"); got != test.warning || asked != test.asked {
				t.Errorf("warnings %q after %d proofs, want %q after %d", got, asked, test.warning, test.asked)
			}
		})
	}
}

// off are entries of the Guardrails that turn all rules and mutations off.
func off(t *testing.T) (entries []string) {
	t.Helper()
	for _, rule := range decider(t).Library().All() {
		entries = append(entries, `{"id":"`+rule.ID+`","action":"off"}`)
	}
	return entries
}
