package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stateward/stateward/policies/engine"
)

// everything is a StatefulSet with a value in every field that a rule reads, and nothing wrong with it.
const everything = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"default","labels":{"app":"a"}},
"spec":{"serviceName":"nginx","replicas":3,"minReadySeconds":5,"podManagementPolicy":"OrderedReady","ordinals":{"start":0},
"selector":{"matchLabels":{"app":"nginx"},"matchExpressions":[{"key":"app","operator":"In","values":["nginx"]}]},
"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain","whenScaled":"Retain"},
"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0,"maxUnavailable":1}},
"template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"topologySpreadConstraints":[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"nginx"}}}],
"initContainers":[{"name":"i","image":"busybox:1.36.1"}],
"containers":[{"name":"nginx","image":"nginx:1.27.4","ports":[{"name":"web","containerPort":80}],"readinessProbe":{"httpGet":{"port":80}},"volumeMounts":[{"name":"www","mountPath":"/www"}]}]}},
"volumeClaimTemplates":[{"metadata":{"name":"www"},"spec":{"accessModes":["ReadWriteOnce"],"volumeMode":"Filesystem","storageClassName":"fast","resources":{"requests":{"storage":"1Gi"}}}}]}}`

// governing is its Service.
const governing = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"nginx","namespace":"default"},
"spec":{"clusterIP":"None","selector":{"app":"nginx"},"ports":[{"name":"web","port":80,"targetPort":"web"}]}}`

// TestWrongTypesNeverPassSilently puts every wrong type into every field: the decision changes, or there is none.
func TestWrongTypesNeverPassSilently(t *testing.T) {
	t.Parallel()
	decider := newEngine(t, nil)
	judge := func(set, service any) string {
		inv := inv(t, encode(t, service))
		request := engine.Request{Group: "apps", Kind: "StatefulSet", Namespace: "default", Object: encode(t, set)}
		decision, err := decider.Decide(t.Context(), request, inv)
		if err != nil {
			return err.Error()
		}
		var found []string
		for _, finding := range decision.Findings {
			found = append(found, finding.Message)
		}
		return strings.Join(found, "\n")
	}
	set, service := decode(t, everything), decode(t, governing)
	if found := judge(set, service); found != "" {
		t.Fatalf("there is something wrong before anything is: %s", found)
	}
	tried := 0
	for path, each := range fields(set["metadata"], set["spec"], service["spec"]) {
		// No rule looks into a probe, and a headless Service needs no ports.
		if strings.Contains(path, "httpGet") || strings.HasPrefix(path, "2.ports") {
			continue
		}
		for _, wrong := range wrongFor(path, each.value) {
			each.set(wrong)
			if judge(set, service) == "" {
				t.Errorf("%s: %v in the place of %v is passed in silence", path, wrong, each.value)
			}
			each.set(each.value)
			tried++
		}
	}
	t.Logf("%d wrong values", tried)
}

// field is a value in a document, and the way to put another one there.
type field struct {
	value any
	set   func(any)
}

// fields are all values below the roots, by their paths.
func fields(roots ...any) map[string]field {
	found := map[string]field{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, each := range value {
				found[path+"."+key] = field{each, func(other any) { value[key] = other }}
				walk(path+"."+key, each)
			}
		case []any:
			for index, each := range value {
				at := fmt.Sprintf("%s[%d]", path, index)
				found[at] = field{each, func(other any) { value[index] = other }}
				walk(at, each)
			}
		}
	}
	for index, root := range roots {
		walk(strconv.Itoa(index), root)
	}
	return found
}

// wrongFor lists values of types that are not that of the value. A number is a quantity, and names a port too.
func wrongFor(path string, value any) (wrong []any) {
	for _, each := range []any{"text", 7.5, true, []any{"x"}, map[string]any{"x": 1.0}} {
		number := reflect.TypeOf(each).Kind() == reflect.Float64
		if reflect.TypeOf(each) != reflect.TypeOf(value) && (!number || !strings.HasSuffix(path, "storage")) {
			wrong = append(wrong, each)
		}
	}
	return wrong
}

func encode(t *testing.T, value any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decode(t *testing.T, source string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(source), &value); err != nil {
		t.Fatal(err)
	}
	return value
}
