package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// FuzzProgram holds that a program and OPA's own evaluator find the same, or both cannot tell.
func FuzzProgram(f *testing.F) {
	decider, all := builtIn(f)
	inv := inventory.NewSnapshot("default", decider.library.ManifestResources)
	var before []byte
	added := 0
	for _, example := range all {
		for _, document := range example.Documents {
			if document.Object == nil {
				continue
			}
			raw := []byte(encoded(f, document.Object))
			// A few to begin with: fuzzing starts only once all have been tried.
			if added++; added%10 == 0 {
				f.Add(raw, before, uint8(added%256))
			}
			before = raw
			if err := inv.Add(raw); err != nil {
				f.Fatal(err)
			}
		}
	}
	topdown, err := newTopdownEvaluator(f.Context(), compiledLibrary(f, decider), builtInData(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, object, old []byte, kind uint8) {
		request := fuzzed(object, old, kind)
		input, err := request.input(&lazy.Reader{})
		if err != nil || exempt(input, request) != "" {
			return
		}
		set := decider.rules.of(request.kind())
		if set.empty() {
			return
		}
		want, wantErr := topdown.evaluate(t.Context(), set, input, newTransaction(inv))
		got, err := decider.evaluate(t.Context(), set, input, newTransaction(inv))
		if (wantErr == nil) != (err == nil) {
			t.Fatalf("error %v, OPA's evaluator %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("findings (-OPA's evaluator +program):\n%s", diff)
		}
	})
}

// fuzzed is a request of one of the kinds that rules check.
func fuzzed(object, old []byte, kind uint8) Request {
	request := Request{Operation: []string{"CREATE", "UPDATE", "DELETE", ""}[kind%4], Object: object, OldObject: old, Namespace: "default", Name: "web"}
	switch kind / 4 % 5 {
	case 0:
		request.Group, request.Kind, request.Resource = "", "Service", "services"
	case 1:
		request.Group, request.Kind, request.Resource, request.Subresource = "autoscaling", "Scale", "statefulsets", "scale"
	case 2:
		request.Group, request.Kind, request.Resource = "policy", "PodDisruptionBudget", "poddisruptionbudgets"
	default:
		request.Group, request.Kind, request.Resource = "apps", "StatefulSet", "statefulsets"
	}
	switch request.Operation {
	case "CREATE", "":
		request.OldObject = nil
	case "DELETE":
		request.Object = nil
	}
	return request
}
