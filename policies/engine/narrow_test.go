package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// TestRulesIgnoreChangesThatTheyDoNotDeclare makes updates of examples, resets the fields that a rule declares, and evaluates the
// rule: it must find nothing in the other changes.
func TestRulesIgnoreChangesThatTheyDoNotDeclare(t *testing.T) {
	t.Parallel()
	decider, all := builtIn(t)
	// What they select by matters to the rule that guards those labels.
	decider = builtInUnder(t, decider, `{"match":{"labelSelector":{"matchLabels":{"guarded":"yes"}}}}`)
	inv := inventory.NewSnapshot("default", decider.library.ManifestResources)
	stored, pairs := map[string][]map[string]any{}, map[string][][2]map[string]any{}
	for _, example := range all {
		for _, document := range example.Documents {
			versions := versionsIn(document)
			for _, object := range versions {
				kind := object.GroupVersionKind()
				resource, _ := policies.ResourceOfKind(kind.Group, kind.Kind)
				stored[resource.Name] = append(stored[resource.Name], object.Object)
				if len(versions) == 2 {
					pairs[resource.Name] = append(pairs[resource.Name], [2]map[string]any{versions[0].Object, versions[1].Object})
				}
			}
			if document.GetKind() != "AdmissionReview" {
				if err := inv.Add(encoded(t, document.Object)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	asked := 0
	for _, rule := range decider.library.All() {
		for resource, fields := range rule.Changes {
			for _, pair := range append(pairs[resource], paired(stored[resource])...) {
				request := updateOf(t, resource, pair[0], putBack(t, pair[1], pair[0], fields))
				if said := saidBy(t, decider, rule, request, inv); said != "" {
					t.Errorf("rule %s of an update that leaves %s of %s alone: %s\n%s\n%s", rule.ID, strings.Join(fields, ", "), resource, said, request.OldObject, request.Object)
				}
				asked++
			}
		}
	}
	t.Logf("%d updates", asked)
}

// FuzzChangesThatAreNotDeclared does the same with anything.
func FuzzChangesThatAreNotDeclared(f *testing.F) {
	decider, _ := builtIn(f)
	inv := inventory.NewSnapshot("default", decider.library.ManifestResources)
	f.Add([]byte(`{"metadata":{"name":"web"},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"a","image":"postgres:16"}]}}}}`),
		[]byte(`{"metadata":{"name":"web","labels":{"stateward.dev/quorum":"true"}},"spec":{"replicas":1,"template":{"metadata":{"labels":{"a":"b"}}},"volumeClaimTemplates":[{"metadata":{"name":"d"}}]},"status":{"currentRevision":"a","updateRevision":"b"}}`))
	f.Add([]byte(`{"spec":{"replicas":null,"updateStrategy":{"type":"OnDelete"}}}`), []byte(`{"spec":{"replicas":0,"ordinals":{"start":2},"updateStrategy":null}}`))
	f.Fuzz(func(t *testing.T, object, old []byte) {
		var after, before map[string]any
		if json.Unmarshal(object, &after) != nil || json.Unmarshal(old, &before) != nil || after == nil || before == nil {
			return
		}
		for _, rule := range decider.library.All() {
			for resource, fields := range rule.Changes {
				request := updateOf(t, resource, after, putBack(t, before, after, fields))
				if said := saidBy(t, decider, rule, request, inv); said != "" {
					t.Errorf("rule %s of an update that leaves %s alone: %s", rule.ID, strings.Join(fields, ", "), said)
				}
			}
		}
	})
}

func builtInUnder(t *testing.T, decider *Engine, spec string) *Engine {
	t.Helper()
	under, err := New(t.Context(), decider.library, guardrailsOf(t, decider, spec))
	if err != nil {
		t.Fatal(err)
	}
	return under
}

// paired puts each object together with another one.
func paired(objects []map[string]any) (pairs [][2]map[string]any) {
	for index, object := range objects {
		pairs = append(pairs, [2]map[string]any{object, objects[(index*7+13)%len(objects)]})
	}
	return pairs
}

// versionsIn are the objects of an example: a manifest, or those of a request.
func versionsIn(document unstructured.Unstructured) (objects []unstructured.Unstructured) {
	if document.GetKind() != "AdmissionReview" {
		return []unstructured.Unstructured{document}
	}
	kind, _, _ := unstructured.NestedString(document.Object, "request", "kind", "kind")
	group, _, _ := unstructured.NestedString(document.Object, "request", "kind", "group")
	for _, part := range []string{"object", "oldObject"} {
		if object, found, _ := unstructured.NestedMap(document.Object, "request", part); found {
			// Many say what they are in the request alone.
			object["apiVersion"], object["kind"] = group+"/v1", kind
			objects = append(objects, unstructured.Unstructured{Object: object})
		}
	}
	return objects
}

func updateOf(t *testing.T, resource string, object, old map[string]any) Request {
	t.Helper()
	known, _ := policies.LookupResource(resource)
	request := Request{
		Operation: policies.Update, Group: known.Group, Kind: known.Kind, Resource: known.Name, Namespace: "default",
		Object: encoded(t, object), OldObject: encoded(t, old), Time: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC),
	}
	request.User.Username = "alice"
	return request
}

// putBack is old with these fields as they are in object.
func putBack(t *testing.T, old, object map[string]any, fields []string) map[string]any {
	t.Helper()
	var back map[string]any
	if err := json.Unmarshal(encoded(t, old), &back); err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		keys := strings.Split(field, ".")
		value, found, err := unstructured.NestedFieldCopy(object, keys...)
		if err != nil || !found {
			unstructured.RemoveNestedField(back, keys...)
			continue
		}
		if unstructured.SetNestedField(back, value, keys...) != nil {
			// What is around it is no object: then it is that of the other.
			back[keys[0]] = object[keys[0]]
		}
	}
	return back
}

// saidBy is what a rule reports that is asked though nothing that it declares has changed; "" for nothing.
func saidBy(t *testing.T, decider *Engine, rule policies.Rule, request Request, inv inventory.Inventory) string {
	t.Helper()
	input, err := request.input(&lazy.Reader{})
	if err != nil {
		return ""
	}
	for _, field := range rule.Changes[request.Resource] {
		if differ(part(input, "object"), part(input, "oldObject"), pathOf(field)) {
			return ""
		}
	}
	txn := newTransaction(inv)
	txn.request = entries(request.entry(input))
	run := decider.evaluator.(*planEvaluator).start(t.Context(), input, txn)
	defer run.End()
	for _, name := range []string{"report", "notice"} {
		if name == "notice" && !rule.Notices {
			continue
		}
		value, err := run.Call(rule.Package + "." + name)
		if err != nil {
			return "error " + err.Error()
		}
		if said := value.String(); said != "set()" {
			return said
		}
	}
	return ""
}
