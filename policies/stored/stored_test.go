package stored_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/stored"
)

func TestReadReturnsTheFactsOfAnObject(t *testing.T) {
	t.Parallel()
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "db", UID: "s1", Controller: new(true)}
	tests := map[string]struct {
		resource, raw string
		object        engine.ObjectReference
		facts         stored.Facts
	}{
		"a pod of a set": {
			"pods", `{"metadata":{"name":"db-0","namespace":"data","uid":"p1","labels":{"app":"db"},"ownerReferences":[
				{"apiVersion":"v1","kind":"Node","name":"n","uid":"n1"},
				{"apiVersion":"apps/v1","kind":"StatefulSet","name":"db","uid":"s1","controller":true}]}}`,
			engine.ObjectReference{Kind: "Pod", Namespace: "data", Name: "db-0"},
			stored.Facts{UID: "p1", Labels: map[string]string{"app": "db"}, Controller: &owner, Home: "data"},
		},
		"a pod without a namespace": {
			"pods", `{"metadata":{"name":"db-0"}}`,
			engine.ObjectReference{Kind: "Pod", Namespace: "default", Name: "db-0"}, stored.Facts{Home: "default"},
		},
		"a volume of a claim": {
			"persistentvolumes", `{"metadata":{"name":"pv"},"spec":{"claimRef":{"namespace":"data","name":"data-db-0"}}}`,
			engine.ObjectReference{Kind: "PersistentVolume", Name: "pv"}, stored.Facts{Home: "data"},
		},
		"a namespace": {
			"namespaces", `{"metadata":{"name":"data"}}`,
			engine.ObjectReference{Kind: "Namespace", Name: "data"}, stored.Facts{Home: "data"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource, _ := policies.LookupResource(test.resource)
			object, facts, err := stored.Read(resource, []byte(test.raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.object, object.ObjectReference); diff != "" {
				t.Errorf("object (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.facts, facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRejectsWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"{":                               "unexpected end of JSON input",
		"[]":                              "the object: the JSON type array is not allowed here",
		`{"metadata":{"labels":{"a":1}}}`: "metadata.labels: the JSON type number is not allowed here",
		`{"metadata":{"name":"a"},"spec":"nothing"}`: "spec: the JSON type string is not allowed here",
		`{"metadata":{}}`: "metadata.name is empty: every object that exists has a name",
	} {
		if _, _, err := stored.Read(policies.Resource{}, []byte(raw)); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, not %s", raw, err, want)
		}
	}
}

func TestEvaluatedResourcesAreThoseOfActiveRules(t *testing.T) {
	t.Parallel()
	const guardrails = `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":{"rules":[
		{"id":"confirmation-in-force","action":"off"},{"id":"orphaned-pod","action":"off"}]}}`
	var evaluated []string
	for _, resource := range stored.EvaluatedResources(newEngine(t, guardrails)) {
		evaluated = append(evaluated, resource.Name)
	}
	if diff := cmp.Diff([]string{"statefulsets", "persistentvolumeclaims", "poddisruptionbudgets"}, evaluated); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}
