package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies/fieldpath"
)

func TestRefusalNamesFieldAndValue(t *testing.T) {
	t.Parallel()
	const set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  "
	const container = "template: {spec: {containers: [{name: a, ports: [{containerPort: 80}]}, {name: b, "
	for name, test := range map[string]struct{ yaml, field, want string }{
		"text for a number":        {set + "replicas: ${REPLICAS}", "spec.replicas", `"${REPLICAS}" must be a whole number`},
		"a fraction":               {set + "replicas: 1.5", "spec.replicas", "1.5 must be a whole number"},
		"a number that is too big": {set + "replicas: 2147483648", "spec.replicas", "2147483648 must be a whole number of at most 32 bits"},
		"in a list of a list": {
			set + container + "ports: [{containerPort: 81}, {containerPort: web}]}]}}",
			"spec.template.spec.containers[1].ports[1].containerPort", `"web" must be a whole number`,
		},
		"a number for text": {
			set + container + "env: [{name: A, value: x}, {name: B, value: 5}]}]}}",
			"spec.template.spec.containers[1].env[1].value", "5 must be text",
		},
		"an element of a list": {
			set + container + "command: [a, true]}]}}", "spec.template.spec.containers[1].command[1]", "true must be text",
		},
		"a list for an object": {set + "updateStrategy: []", "spec.updateStrategy", "a list must be an object"},
		"in an embedded struct": {
			set + "template: {spec: {volumes: [{name: v, fc: {lun: \"2\"}}]}}", "spec.template.spec.volumes[0].fc.lun", `"2" must be a whole number`,
		},
		"a quantity": {
			set + container + "resources: {requests: {memory: 1GB}}}]}}",
			"spec.template.spec.containers[1].resources.requests.memory", `"1GB" is not a quantity, such as 500m or 2Gi`,
		},
		"the quantity of a claim": {
			set + "volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: ten}}}}]",
			"spec.volumeClaimTemplates[0].spec.resources.requests.storage", `"ten" is not a quantity, such as 500m or 2Gi`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := manifest.Parse("f", []byte(test.yaml), manifest.Options{})
			if err != nil || len(input.Documents) != 1 {
				t.Fatalf("%d documents, %v", len(input.Documents), err)
			}
			path, refusal := input.Documents[0].Refusal()
			got := []string{fieldpath.String(path)}
			if refusal != nil {
				got = append(got, refusal.Error())
			}
			if diff := cmp.Diff([]string{test.field, test.want}, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}
