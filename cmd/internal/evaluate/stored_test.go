package evaluate_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	policystored "github.com/stateward/stateward/policies/stored"
)

const (
	storedSet = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"data"},"spec":{
		"replicas":1,"serviceName":"db","minReadySeconds":10,"selector":{"matchLabels":{"app":"db"}},
		"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}},
		"template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"db","image":"postgres:16",
			"volumeMounts":[{"name":"data","mountPath":"/var/lib/postgresql/data"}]}]}},
		"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"}}}}]}}`
	storedService = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"db","namespace":"data"},
		"spec":{"clusterIP":"None","selector":{"app":"db"}}}`
	storedClaim = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data-db-0","namespace":"data"},
		"spec":{"volumeName":"pv","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"}}}}`
)

// stored is an object of namespace data.
func stored(kind, name, raw string) evaluate.Stored {
	resource := map[string]string{"StatefulSet": "statefulsets", "Service": "services", "PersistentVolumeClaim": "persistentvolumeclaims"}[kind]
	known, _ := policies.LookupResource(resource)
	apiVersion := "v1"
	if known.Group != "" {
		apiVersion = known.Group + "/v1"
	}
	object := policystored.Object{
		ObjectReference: engine.ObjectReference{Kind: kind, Namespace: "data", Name: name}, APIVersion: apiVersion, Resource: resource,
		Raw: json.RawMessage(raw),
	}
	return evaluate.Stored{Object: object, Position: report.Position{File: resource + "/data/" + name}, Evaluated: true}
}

func TestStoredObjectsAreEvaluated(t *testing.T) {
	t.Parallel()
	set, service, claim := stored("StatefulSet", "db", storedSet), stored("Service", "db", storedService), stored("PersistentVolumeClaim", "data-db-0", storedClaim)
	seen := set
	seen.Evaluated = false
	tests := map[string]struct {
		objects []evaluate.Stored
		want    []string
	}{
		"a set with all it needs":             {[]evaluate.Stored{set, service, claim}, nil},
		"a set without its Service":           {[]evaluate.Stored{set, claim}, []string{"deny headless-service data/db"}},
		"a set that is only looked up":        {[]evaluate.Stored{seen, claim}, nil},
		"a Service of another namespace":      {[]evaluate.Stored{set, claim, inNamespace("other", service)}, []string{"deny headless-service data/db"}},
		"a set that is terminating is let go": {[]evaluate.Stored{stored("StatefulSet", "db", terminating(storedSet))}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := evaluateStored(t, test.objects)
			var found []string
			for _, finding := range result.Findings {
				found = append(found, string(finding.Level)+" "+finding.Rule+" "+finding.Object.Namespace+"/"+finding.Object.Name)
			}
			if diff := cmp.Diff(test.want, found); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStoredReportsKindsThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	inventory := evaluate.NewInventory(newDecider(t), evaluate.StoredOptions{Known: []string{"statefulsets"}, Now: time.Now()})
	result, err := inventory.Evaluate(t.Context(), []evaluate.Stored{stored("StatefulSet", "db", storedSet)})
	if err != nil || len(result.Findings) > 0 {
		t.Errorf("error %v, findings %v", err, result.Findings)
	}
	if !slices.Contains(result.Undecided, engine.Undecided{Rule: "headless-service", Resource: "services"}) {
		t.Errorf("undecided: %v", result.Undecided)
	}
}

func TestStoredReportsObjectsThatItCannotEvaluate(t *testing.T) {
	t.Parallel()
	inventory := evaluate.NewInventory(newDecider(t), evaluate.StoredOptions{Now: time.Now()})
	_, err := inventory.Evaluate(t.Context(), []evaluate.Stored{stored("StatefulSet", "db", "{")})
	if err == nil || err.Error() != "statefulsets/data/db: read the object: unexpected EOF" {
		t.Errorf("error %v", err)
	}
}

func evaluateStored(t *testing.T, objects []evaluate.Stored) report.Result {
	t.Helper()
	known := []string{"statefulsets", "services", "deployments", "poddisruptionbudgets", "persistentvolumeclaims", "pods", "storageclasses"}
	result, err := evaluate.NewInventory(newDecider(t), evaluate.StoredOptions{Known: known, Now: time.Now()}).Evaluate(t.Context(), objects)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func newDecider(t *testing.T) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, nil)
	if err != nil {
		t.Fatal(err)
	}
	return decider
}

func inNamespace(namespace string, object evaluate.Stored) evaluate.Stored {
	object.Namespace = namespace
	return object
}

// terminating is a set that is being deleted, and whose Service is gone.
func terminating(set string) string {
	return set[:len(`{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{`)] + `"deletionTimestamp":"2026-11-23T12:00:00Z",` +
		set[len(`{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{`):]
}
