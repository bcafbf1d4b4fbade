package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/builders"
)

func TestExemptions(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, nil)
	for name, test := range exemptions(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision, err := decider.Decide(t.Context(), test.request, brokenInventory{})
			if test.want == "" {
				if err == nil && decision.Exempt != "" {
					t.Errorf("exempt: %s", decision.Exempt)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !decision.Allowed || decision.Exempt != test.want {
				t.Errorf("allowed is %v, exempt %q", decision.Allowed, decision.Exempt)
			}
		})
	}
}

// TestExemptionsEqualThoseOfTheLibrary holds the fast form in Go and the one in Rego, which conftest sees, together.
func TestExemptionsEqualThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	modules, err := builders.Library(t).Modules()
	if err != nil {
		t.Fatal(err)
	}
	query, err := rego.New(
		rego.Query("reason = data.stateward.lib.exempt.reason(data.stateward.lib.review.entries[0])"),
		rego.ParsedModule(modules["lib/exempt.rego"].Copy()),
		rego.ParsedModule(modules["lib/identity.rego"].Copy()),
		rego.ParsedModule(modules["lib/owners.rego"].Copy()),
		rego.ParsedModule(modules["lib/review.rego"].Copy()),
		rego.ParsedModule(modules["lib/shape.rego"].Copy()),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range exemptions(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := query.Eval(t.Context(), rego.EvalParsedInput(inputOf(t, test.request)))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(results) > 0 {
				got, _ = results[0].Bindings["reason"].(string)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("policies/lib/exempt.rego and policies/engine/exempt.go disagree (-want +got):\n%s", diff)
			}
		})
	}
}

type exemption struct {
	request engine.Request
	// want is the reason, or empty where the request must be evaluated.
	want string
}

const (
	terminatingReason = "the object is already terminating"
	controllerReason  = "a controller of Kubernetes finishes a deletion"
	unchangedReason   = "neither spec nor guarded metadata changes"
	statusReason      = "the status belongs to the controllers"
)

func exemptions(t *testing.T) map[string]exemption {
	t.Helper()
	by := func(user string, request engine.Request) engine.Request {
		request.User.Username = user
		return request
	}
	audited := func(object *builders.StatefulSet) engine.Request {
		request := create(object)
		request.Operation = policies.Inspect
		return request
	}
	finalizer := builders.MakeStatefulSet()
	finalizer.Finalizers = []string{"example.com/hold"}
	owned := func(names ...string) *builders.StatefulSet {
		set := builders.MakeStatefulSet()
		for _, name := range names {
			set.OwnerReferences = append(set.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: name, UID: "1"})
		}
		return set
	}
	managed := owned("a")
	managed.OwnerReferences[0].Controller = new(bool)
	labelled := builders.MakeStatefulSet()
	labelled.Labels = map[string]string{"team": "data"}
	protected := builders.MakeStatefulSet()
	protected.Labels = map[string]string{"stateward.dev/quorum": "true"}
	ofStatus := func(object, old *builders.StatefulSet) engine.Request {
		request := update(object, old)
		request.Subresource = "status"
		return request
	}
	unprotected := ofStatus(builders.MakeStatefulSet(), protected)
	ownedStatus, labelledStatus := ofStatus(owned("a"), owned()), ofStatus(labelled, builders.MakeStatefulSet())
	cases := map[string]exemption{
		"a second deletion of what terminates":          {remove(terminating()), terminatingReason},
		"an update of what terminates":                  {update(terminating().Partition(9), terminating()), terminatingReason},
		"an audit of what terminates":                   {audited(terminating()), terminatingReason},
		"an audit":                                      {audited(builders.MakeStatefulSet()), ""},
		"a deletion by a namesake in another namespace": {by("system:serviceaccount:default:generic-garbage-collector", remove(builders.MakeStatefulSet())), ""},
		"an update by the garbage collector":            {by("system:serviceaccount:kube-system:generic-garbage-collector", update(builders.MakeStatefulSet().Partition(9), builders.MakeStatefulSet())), ""},
		"the removal of a finalizer":                    {update(builders.MakeStatefulSet(), finalizer), unchangedReason},
		"a foreign annotation":                          {update(builders.MakeStatefulSet().Annotate("example.com/a", "b"), builders.MakeStatefulSet()), unchangedReason},
		"an annotation of Stateward's":                  {update(builders.MakeStatefulSet().Annotate("stateward.dev/confirm", "delete"), builders.MakeStatefulSet()), ""},
		"an annotation of Stateward's taken away":       {update(builders.MakeStatefulSet(), builders.MakeStatefulSet().Annotate("stateward.dev/confirm", "delete")), ""},
		"an owner":                           {update(owned("a"), owned()), ""},
		"another owner":                      {update(owned("a", "b"), owned("a")), ""},
		"an owner of another name":           {update(owned("b"), owned("a")), ""},
		"an owner that goes":                 {update(owned("b"), owned("a", "b")), unchangedReason},
		"an owner that manages":              {update(managed, owned("a")), unchangedReason},
		"a label":                            {update(labelled, builders.MakeStatefulSet()), ""},
		"a change of the spec":               {update(builders.MakeStatefulSet().Replicas(4), builders.MakeStatefulSet()), ""},
		"a confirmation in a status":         {ofStatus(builders.MakeStatefulSet().Annotate("stateward.dev/confirmed-by", "alice"), builders.MakeStatefulSet()), ""},
		"a protection that goes in a status": {unprotected, ""},
		"an owner in a status":               {ownedStatus, ""},
		"a label in a status":                {labelledStatus, ""},
		"a status":                           {ofStatus(builders.MakeStatefulSet().Replicas(4), builders.MakeStatefulSet()), statusReason},
		"a creation":                         {create(builders.MakeStatefulSet()), ""},
		"a deletion by a person":             {remove(builders.MakeStatefulSet()), ""},
	}
	for _, user := range policies.DeletionControllers() {
		cases["a deletion by "+user] = exemption{by(user, remove(builders.MakeStatefulSet())), controllerReason}
	}
	for name, test := range podExemptions() {
		cases[name] = test
	}
	files, err := filepath.Glob("../../test/testdata/reviews/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded reviews: %v", err)
	}
	for _, file := range files {
		cases[filepath.Base(file)] = exemption{recorded(t, file), map[string]string{
			"09-orphan-finalizer-removal-by-gc.json": terminatingReason,
		}[filepath.Base(file)]}
	}
	return cases
}

// podExemptions are those of a pod that terminates already.
func podExemptions() map[string]exemption {
	pod := func(metadata string) json.RawMessage {
		return json.RawMessage(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0",` + metadata + `},"spec":{"nodeName":"node-0"}}`)
	}
	terminating := pod(`"deletionTimestamp":"2026-11-23T12:00:30Z","deletionGracePeriodSeconds":30`)
	remove := func(user, options string, old json.RawMessage) engine.Request {
		request := engine.Request{Operation: "DELETE", Kind: "Pod", Resource: "pods", OldObject: old, Options: json.RawMessage(options), Time: now}
		request.User.Username = user
		return request
	}
	update := func(object json.RawMessage) engine.Request {
		return engine.Request{Operation: "UPDATE", Kind: "Pod", Resource: "pods", Object: object, OldObject: terminating, Time: now}
	}
	return map[string]exemption{
		"a second deletion of a pod":                    {remove("alice", `{}`, terminating), terminatingReason},
		"a second deletion with grace":                  {remove("alice", `{"gracePeriodSeconds":5}`, terminating), terminatingReason},
		"a second deletion without grace":               {remove("alice", `{"gracePeriodSeconds":0}`, terminating), ""},
		"a second deletion without grace by its node":   {remove("system:node:node-0", `{"gracePeriodSeconds":0}`, terminating), ""},
		"a third deletion without grace":                {remove("alice", `{"gracePeriodSeconds":0}`, pod(`"deletionTimestamp":"2026-11-23T12:00:30Z","deletionGracePeriodSeconds":0`)), terminatingReason},
		"a deletion without grace by the pod collector": {remove("system:serviceaccount:kube-system:pod-garbage-collector", `{"gracePeriodSeconds":0}`, terminating), controllerReason},
		"a finalizer of a pod":                          {update(pod(`"finalizers":["example.com/hold"]`)), terminatingReason},
		"a confirmation on a pod":                       {update(pod(`"annotations":{"stateward.dev/confirm":"delete"}`)), ""},
	}
}

func recorded(t *testing.T, file string) engine.Request {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var request admissionv1.AdmissionReview
	if err := json.Unmarshal(source, &request); err != nil {
		t.Fatal(err)
	}
	return engine.FromAdmission(request.Request, now)
}

// inputOf is the AdmissionReview that conftest would be given.
func inputOf(t *testing.T, request engine.Request) ast.Value {
	t.Helper()
	value, err := ast.InterfaceToValue(map[string]any{"request": map[string]any{
		"operation": request.Operation, "subResource": request.Subresource,
		"kind":     map[string]any{"group": request.Group, "kind": request.Kind},
		"userInfo": map[string]any{"username": request.User.Username},
		"object":   request.Object, "oldObject": request.OldObject, "options": request.Options,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return value
}
