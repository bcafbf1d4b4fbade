package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

func TestUnknownFieldsAreReportedWithTheirPosition(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		yaml string
		want []string
	}{
		"a misspelt field": {
			"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  replica: 3\n",
			[]string{"f:5:3: spec.replica: StatefulSet has no such field"},
		},
		"two, one in a list": {
			"apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIp: None\n  ports:\n  - port: 80\n    targetport: 80\n",
			[]string{"f:5:3: spec.clusterIp: Service has no such field", "f:8:5: spec.ports[0].targetport: Service has no such field"},
		},
		"another case than the field's": {
			"apiVersion: v1\nkind: Service\nMetadata: {name: web}\nmetadata: {name: web}\n",
			[]string{"f:3:1: Metadata: Service has no such field"},
		},
		"an item of a list": {
			"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: web}\n  spec: {headless: true}\n",
			[]string{"f:7:10: spec.headless: Service has no such field"},
		},
		"labels and annotations may be called anything": {
			"apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a.b/c: d}, annotations: {x: y}}\n", nil,
		},
		"a kind of another group":   {"apiVersion: example.com/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {any: 1}\n", nil},
		"a version that is no more": {"apiVersion: apps/v1beta9\nkind: StatefulSet\nmetadata: {name: web}\nspec: {any: 1}\n", nil},
		"a value of the wrong type": {"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {replicas: many}\n", nil},
		"an AdmissionReview":        {"apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {operation: CREATE, any: 1}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := manifest.Parse("f", []byte(test.yaml), manifest.Options{Validate: manifest.ValidateStrict})
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentIsMarkedIfItFitsItsType(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		text string
		want bool
	}{
		"a StatefulSet":                 {"apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: 3}\n", true},
		"one with an unknown field":     {"apiVersion: apps/v1\nkind: StatefulSet\nspec: {replica: 3}\n", true},
		"one with text for a number":    {"apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: \"3\"}\n", false},
		"what Kubernetes does not know": {"apiVersion: apps.kruise.io/v1\nkind: StatefulSet\nspec: {}\n", false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			input, err := manifest.Parse("f.yaml", []byte(test.text), manifest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if input.Documents[0].Typed != test.want {
				t.Errorf("typed is %t, want %t", input.Documents[0].Typed, test.want)
			}
		})
	}
}
