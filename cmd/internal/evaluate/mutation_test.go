package evaluate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// mutants are what is put at each field: null, and a value of each type.
func mutants() []any {
	return []any{nil, "text", 7.0, 1.5, true, []any{"x"}, []any{nil}, map[string]any{"x": 1.0}}
}

// TestMutationsNeverCrashARule puts null and each wrong type at every field of every kind that rules read.
func TestMutationsNeverCrashARule(t *testing.T) {
	t.Parallel()
	decider := builtin(t)
	objects := specimens(t)
	tried, crashed := 0, 0
	for index := range objects {
		visit(objects[index], "", func(path string, set func(any), value any) {
			for _, mutant := range mutants() {
				set(mutant)
				if err := evaluateAll(t, decider, objects); err != nil {
					crashed++
					t.Errorf("%v %s %v: %.300v", objects[index]["kind"], path, mutant, err)
				}
				tried++
			}
			set(value)
		})
	}
	t.Logf("%d mutations, %d crashes", tried, crashed)
}

// TestMutatedChangesNeverCrashARule does the same to the new version of a StatefulSet that changes.
func TestMutatedChangesNeverCrashARule(t *testing.T) {
	t.Parallel()
	decider := builtin(t)
	objects := specimens(t)
	before := parsed(t, objects)
	set := objects[len(objects)-1]
	tried := 0
	visit(set, "", func(path string, put func(any), value any) {
		for _, mutant := range mutants() {
			put(mutant)
			changes, _, err := baseline.Pair(baseline.Tree{Input: manifest.Input{Documents: before}}, baseline.Tree{Input: manifest.Input{Documents: parsed(t, objects)}}, "default")
			if err == nil {
				_, err = Changes(t.Context(), decider, changes, Options{Namespace: "default", Now: time.Unix(1800000000, 0)})
			}
			if err != nil {
				t.Errorf("%s %v: %.300v", path, mutant, err)
			}
			tried++
		}
		put(value)
	})
	t.Logf("%d mutations", tried)
}

func builtin(t *testing.T) *engine.Engine {
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

// specimens have a value in every field that a rule reads.
func specimens(t *testing.T) (objects []map[string]any) {
	t.Helper()
	text, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(text, []byte("---\n")) {
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

// parsed reads the objects, without those that are no objects any more.
func parsed(t *testing.T, objects []map[string]any) []manifest.Document {
	t.Helper()
	var text strings.Builder
	for _, object := range objects {
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(encoded, '\n'))
	}
	input, _ := manifest.Parse("f", []byte(text.String()), manifest.Options{Validate: manifest.ValidateIgnore})
	return input.Documents
}

func evaluateAll(t *testing.T, decider *engine.Engine, objects []map[string]any) error {
	t.Helper()
	_, err := Documents(t.Context(), decider, parsed(t, objects), Options{Namespace: "default", Now: time.Unix(1800000000, 0)})
	return err
}

// visit calls do for each field and each element below an object, with the way to put another value there.
func visit(value any, path string, do func(path string, set func(any), value any)) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if path == "" && (key == "kind" || key == "apiVersion") {
				continue
			}
			at := path + "." + key
			do(at, func(other any) { value[key] = other }, inner)
			visit(inner, at, do)
		}
	case []any:
		for index, inner := range value {
			at := fmt.Sprintf("%s[%d]", path, index)
			do(at, func(other any) { value[index] = other }, inner)
			visit(inner, at, do)
		}
	}
}
