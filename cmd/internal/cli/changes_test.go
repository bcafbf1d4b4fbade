package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/cli"
)

const (
	oneChanged = "1 changed, 0 new, 0 removed, 2 unchanged, 0 standing"
	oneGone    = "0 changed, 0 new, 1 removed, 2 unchanged, 0 standing"
	service    = "apiVersion: v1\nkind: Service\nmetadata:\n  name: other\nspec:\n  clusterIP: None\n  selector:\n    app: db\n"
)

func TestCheckEvaluatesChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// both makes both trees other than the database, change the new one alone.
		both, change func(t *testing.T, files tree)
		args         []string
		want         found
	}{
		"nothing changes": {
			want: found{Changes: "0 changed, 0 new, 0 removed, 3 unchanged, 0 standing"},
		},
		"a field that is immutable changes": {
			change: func(t *testing.T, files tree) {
				files.edit(t, "db.yaml", "serviceName: db", "serviceName: other")
				files["other.yaml"] = service
			},
			want: found{
				Findings: []string{"deny claim-immutable db.yaml:6"}, Code: cli.ExitViolations,
				Changes: "1 changed, 1 new, 0 removed, 2 unchanged, 0 standing",
			},
		},
		"a claim shrinks": {
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "20Gi", "10Gi") },
			want:   found{Findings: []string{"deny claim-immutable db.yaml:44"}, Changes: oneChanged, Code: cli.ExitViolations},
		},
		"an image goes to the next major version": {
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "postgres:16.4", "postgres:17.0") },
			want: found{
				Findings: []string{"deny image-change db.yaml:26", "warn canary-first db.yaml:5"}, Changes: oneChanged, Code: cli.ExitViolations,
			},
		},
		"replicas go to zero": {
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "replicas: 3", "replicas: 0") },
			want:   found{Findings: []string{"warn scale-to-zero db.yaml:7"}, Changes: oneChanged},
		},
		"replicas go down, and the data with them": {
			both: func(t *testing.T, files tree) {
				files.edit(t, "db.yaml", "  minReady", "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n  minReady")
			},
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "replicas: 3", "replicas: 2") },
			want: found{
				Findings: []string{"deny scale-down-data db.yaml:7"}, Changes: oneChanged, Code: cli.ExitViolations,
			},
		},
		"a partition goes beyond the replicas": {
			change: func(t *testing.T, files tree) {
				files.edit(t, "db.yaml", "  minReady", "  updateStrategy:\n    rollingUpdate:\n      partition: 9\n  minReady")
			},
			want: found{Findings: []string{"deny partition-range db.yaml:10"}, Changes: oneChanged, Code: cli.ExitViolations},
		},
		"a StatefulSet is gone": {
			change: func(_ *testing.T, files tree) { delete(files, "db.yaml") },
			want:   found{Findings: []string{"deny cascade-delete main:deploy/db.yaml:4"}, Changes: oneGone, Code: cli.ExitViolations},
		},
		"a Service is gone, and its StatefulSet stays": {
			change: func(_ *testing.T, files tree) { delete(files, "service.yaml") },
			want: found{
				Findings: []string{"deny headless-service db.yaml:6", "deny service-in-use main:deploy/service.yaml:4"},
				Changes:  oneGone, Code: cli.ExitViolations,
			},
		},
		"a Service is gone from partial manifests": {
			change: func(_ *testing.T, files tree) { delete(files, "service.yaml") },
			args:   []string{"--partial"},
			want:   found{Findings: []string{"deny service-in-use main:deploy/service.yaml:4"}, Changes: oneGone, Code: cli.ExitViolations},
		},
		"a Service is gone with its StatefulSet, which had no pods": {
			both:   func(t *testing.T, files tree) { files.edit(t, "db.yaml", "replicas: 3", "replicas: 0") },
			change: func(_ *testing.T, files tree) { delete(files, "service.yaml"); delete(files, "db.yaml") },
			want:   found{Changes: "0 changed, 0 new, 2 removed, 1 unchanged, 0 standing"},
		},
		"a Namespace is gone, and its StatefulSets stay": {
			both: func(_ *testing.T, files tree) {
				files["namespace.yaml"] = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n"
			},
			change: func(_ *testing.T, files tree) { delete(files, "namespace.yaml") },
			want: found{
				Findings: []string{"deny namespace-delete main:deploy/namespace.yaml:4"}, Code: cli.ExitViolations,
				Changes: "0 changed, 0 new, 1 removed, 3 unchanged, 0 standing",
			},
		},
		"a budget is gone, and its StatefulSet stays": {
			change: func(_ *testing.T, files tree) { delete(files, "budget.yaml") },
			want: found{
				Findings: []string{"warn disruption-budget db.yaml:7", "deny budget-in-use main:deploy/budget.yaml:4"},
				Changes:  oneGone, Code: cli.ExitViolations,
			},
		},
		"a Service is headless no more": {
			change: func(t *testing.T, files tree) { files.edit(t, "service.yaml", "  clusterIP: None\n", "") },
			want:   found{Findings: []string{"deny headless-service db.yaml:6"}, Changes: oneChanged, Code: cli.ExitViolations},
		},
		"a Service is headless no more, and its StatefulSet changes elsewhere": {
			change: func(t *testing.T, files tree) {
				files.edit(t, "service.yaml", "  clusterIP: None\n", "")
				files.edit(t, "db.yaml", "replicas: 3", "replicas: 4")
			},
			want: found{
				Findings: []string{"deny headless-service db.yaml:6"}, Code: cli.ExitViolations,
				Changes: "2 changed, 0 new, 0 removed, 1 unchanged, 0 standing",
			},
		},
		"what was wrong before is left alone": {
			both: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "postgres:16.4", "postgres:latest") },
			want: found{Changes: "0 changed, 0 new, 0 removed, 3 unchanged, 1 standing"},
		},
		"what was wrong before is left alone beside a change": {
			both:   func(t *testing.T, files tree) { files.edit(t, "db.yaml", "postgres:16.4", "postgres:latest") },
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "replicas: 3", "replicas: 4") },
			want:   found{Findings: []string{"warn image-tag db.yaml:26"}, Changes: oneChanged},
		},
		"what was wrong before gets wrong in another way": {
			both:   func(t *testing.T, files tree) { files.edit(t, "db.yaml", "postgres:16.4", "postgres:latest") },
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "postgres:latest", "postgres") },
			want: found{
				Findings: []string{"deny image-tag db.yaml:26", "warn canary-first db.yaml:5", "warn image-change db.yaml:26"},
				Changes:  oneChanged, Code: cli.ExitViolations,
			},
		},
		"a StatefulSet is new, wrong by itself, and claims the pods of another": {
			both: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "postgres:16.4", "postgres:latest") },
			change: func(_ *testing.T, files tree) {
				files["new.yaml"] = strings.ReplaceAll(files["db.yaml"], "name: db\n", "name: db2\n")
			},
			want: found{
				Findings: []string{"warn selector-overlap db.yaml:9", "deny image-tag new.yaml:26", "warn selector-overlap new.yaml:9"}, Code: cli.ExitViolations,
				Changes: "0 changed, 1 new, 0 removed, 3 unchanged, 1 standing",
			},
		},
		"a field gets a type that nothing can be made of": {
			change: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "storage: 20Gi", "storage: [20Gi]") },
			want: found{
				Findings: []string{"deny field-types db.yaml:1", "deny claim-immutable db.yaml:44", "deny claim-template db.yaml:44"}, Changes: oneChanged, Code: cli.ExitViolations,
			},
		},
		"what could not be evaluated before is judged as new": {
			both: func(t *testing.T, files tree) { files.edit(t, "db.yaml", "replicas: 3", "replicas: many") },
			change: func(t *testing.T, files tree) {
				files.edit(t, "db.yaml", "replicas: many", "replicas: 3", ":16.4", ":latest")
			},
			want: found{Findings: []string{"deny image-tag db.yaml:26"}, Changes: oneChanged, Code: cli.ExitViolations},
		},
		"a foreign annotation changes": {
			change: func(t *testing.T, files tree) {
				files.edit(t, "db.yaml", "metadata:\n  name: db", "metadata:\n  annotations: {a: b}\n  name: db")
			},
			want: found{Changes: oneChanged},
		},
		"an object moves to another file": {
			change: func(_ *testing.T, files tree) {
				files["all.yaml"] = files["service.yaml"] + "---\n" + files["db.yaml"]
				delete(files, "service.yaml")
				delete(files, "db.yaml")
			},
			want: found{Changes: "0 changed, 0 new, 0 removed, 3 unchanged, 0 standing"},
		},
		"a file contains a confirmation": {
			both: func(t *testing.T, files tree) {
				files.edit(t, "db.yaml", "metadata:\n  name: db", `metadata:
  deletionTimestamp: "2026-01-01T00:00:00Z"
  finalizers: []
  annotations:
    stateward.dev/confirm: delete
    stateward.dev/confirm-until: "`+soon()+`"
    stateward.dev/confirmed-by: alice
  name: db`)
			},
			change: func(_ *testing.T, files tree) { delete(files, "db.yaml") },
			want:   found{Findings: []string{"deny cascade-delete main:deploy/db.yaml:10"}, Changes: oneGone, Code: cli.ExitViolations},
		},
		"a custom resource is gone": {
			both: func(_ *testing.T, files tree) {
				files["other.yaml"] = "apiVersion: example.com/v1\nkind: StatefulSet\nmetadata:\n  name: db\n"
			},
			change: func(_ *testing.T, files tree) { delete(files, "other.yaml") },
			want:   found{Changes: "0 changed, 0 new, 1 removed, 3 unchanged, 0 standing"},
		},
		"an exception of the Guardrails lets it pass": {
			change: func(_ *testing.T, files tree) { delete(files, "db.yaml") },
			args:   []string{"--config", "testdata/changes-exception.yaml"},
			want:   found{Findings: []string{"audit cascade-delete main:deploy/db.yaml:4"}, Changes: oneGone},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := database(t), database(t)
			if test.both != nil {
				test.both(t, before)
				test.both(t, after)
			}
			if test.change != nil {
				test.change(t, after)
			}
			folder := before.commit(t)
			after.replace(t, folder)
			if diff := cmp.Diff(test.want, compare(t, folder, "main", test.args...)); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

// soon is a time to which a confirmation would hold.
func soon() string { return time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339) }
