// Package snapshots_test runs the snapshot controller of Kubernetes behind Stateward, with its real definitions and rights.
//
// No CSI driver runs, so the tests do what its csi-snapshotter does, under that account: it writes the status of a content,
// and removes the content's finalizer once the snapshot in the storage system is deleted.
package snapshots_test

import (
	"context"
	"testing"
	"time"

	"github.com/stateward/stateward/test/automation"
	"github.com/stateward/stateward/test/environment"
)

const (
	tool      = "snapshot-controller"
	namespace = "shop"
	// recovery lets fresh snapshots turn denials into warnings, and denies people the deletion of the last one.
	recovery = `apiVersion: stateward.dev/v1alpha1
kind: Guardrails
metadata: {name: stateward}
spec:
  profile: strict
  decisionLog: {mode: All}
  rules:
    - {id: claim-in-use, params: {recovery: {snapshotWithin: 24h}}}
    - {id: namespace-delete, params: {recovery: {snapshotWithin: 24h}}}
    - {id: scale-down-data, params: {recovery: {snapshotWithin: 24h}}}
`
	recording = `apiVersion: stateward.dev/v1alpha1
kind: Guardrails
metadata: {name: stateward}
spec:
  decisionLog: {mode: All}
`
)

// TestSnapshotController goes through the life of snapshots, one step after the other.
func TestSnapshotController(t *testing.T) {
	decisions := decisionLog{folder: t.TempDir()}
	s := run(t, automation.ForTestWith(t, environment.Options{ServeArgs: decisions.arguments()}))
	for _, step := range []struct {
		name  string
		holds func(*testing.T, storage)
	}{
		{"denials name the snapshot that brings the data back", names},
		{"fresh snapshots turn denials into warnings", softens},
		{"the controller finishes the deletion of a snapshot with its content", deletesWithContent},
		{"the controller finishes the deletion of a snapshot without its content", deletesWithoutContent},
		{"the controller binds a snapshot that is found by hand", binds},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.holds(t, s) }) {
			return
		}
	}
	decisions.allows(t, controller.User(), 2)
	decisions.allows(t, sidecar.User(), 0)
}

// dry is a command that is tried and has no effect.
func dry(arguments ...string) []string { return append(arguments, "-n", namespace, "--dry-run=server") }

var (
	deleteClaim     = dry("delete", "pvc", "data-db-0")
	scaleDown       = dry("scale", "statefulset", "db", "--replicas=2")
	deleteNamespace = []string{"delete", "namespace", namespace, "--dry-run=server"}
)

func names(t *testing.T, s storage) {
	const lost = "nothing known here brings "
	s.Refused(t, []string{"[claim-in-use]", lost + "the data back"}, deleteClaim...)
	s.Refused(t, []string{"[scale-down-data]", lost + "back data-db-2"}, scaleDown...)

	now := time.Now()
	s.takes(t, "first-0", "data-db-0", deleting, now)
	s.takes(t, "first-2", "data-db-2", deleting, now)
	s.Refused(t, []string{"[claim-in-use]", `snapshot "first-0" of 0 minutes ago (deletion policy Delete) brings the data of that time back`}, deleteClaim...)
	s.Refused(t, []string{"[scale-down-data]", "snapshots bring back data-db-2"}, scaleDown...)
	s.Refused(t, []string{"[namespace-delete]", lost + "back data-db-0, data-db-1, data-db-2"}, deleteNamespace...)

	// A minute later, so that it is the newest.
	s.takes(t, "kept-2", "data-db-2", retaining, now.Add(time.Minute))
	s.Refused(t, []string{"[namespace-delete]", lost + "back data-db-0, data-db-1", "deletion policy Retain bring back data-db-2"}, deleteNamespace...)
}

func softens(t *testing.T, s storage) {
	s.guards(t, recovery)
	s.warns(t, "claim-in-use", deleteClaim...)
	s.warns(t, "scale-down-data", scaleDown...)
	s.Refused(t, []string{"[claim-in-use]"}, dry("delete", "pvc", "data-db-1")...)
	s.Refused(t, []string{"[namespace-delete]"}, deleteNamespace...)

	later := time.Now().Add(time.Minute)
	s.takes(t, "kept-0", "data-db-0", retaining, later)
	s.takes(t, "kept-1", "data-db-1", retaining, later)
	s.warns(t, "namespace-delete", deleteNamespace...)
}

// deletesWithContent deletes the first snapshot of a claim, and then the last, which a person must confirm.
func deletesWithContent(t *testing.T, s storage) {
	s.takes(t, "second-1", "data-db-1", deleting, time.Now())
	s.deletes(t, "second-1")
	s.takes(t, "only-1", "data-db-1", deleting, time.Now())
	content := s.content(t, "only-1")
	s.Do(t, "", "delete", "volumesnapshot", "kept-1", "-n", namespace)
	s.Refused(t, []string{"[snapshot-last-copy]", `claim "data-db-1"`}, "delete", "volumesnapshot", "only-1", "-n", namespace)
	s.Refused(t, []string{"[snapshot-last-copy]", `claim "data-db-1"`}, "delete", "volumesnapshotcontent", content)

	s.Stateward(t, "alice", "confirm", "volumesnapshot/only-1", "delete", "-n", namespace, "--rules", "snapshot-last-copy")
	s.deletes(t, "only-1")
}

// deletesWithoutContent leaves a content behind, which is the last of its disk then.
func deletesWithoutContent(t *testing.T, s storage) {
	content := s.content(t, "kept-2")
	s.Refused(t, []string{"[reclaim-policy]", "together with VolumeSnapshot shop/kept-2"},
		"patch", "volumesnapshotcontent", content, "--type=merge", "-p", `{"spec": {"deletionPolicy": "Delete"}}`)
	s.deletes(t, "first-2")
	s.Do(t, "", "delete", "volumesnapshot", "kept-2", "-n", namespace)
	s.warns(t, "snapshot-last-copy", "delete", "volumesnapshotcontent", content, "--wait=false")
	s.releases(t, content)
	s.gone(t, "volumesnapshotcontent/"+content)
}

// binds makes a snapshot of what the storage system has: its content names no disk, and so no claim.
func binds(t *testing.T, s storage) {
	s.provides(t, "found", "snap-kept-2")
	s.Do(t, snapshot("found", "volumeSnapshotContentName: found", ""), "create", "-n", namespace, "-f", "-")
	s.succeeds(t, "found", time.Now())
	s.becomes(t, "volumesnapshot/found", "{.metadata.finalizers}", protectsSource, protectsBound)
	s.becomes(t, "volumesnapshotcontent/found", "{.spec.volumeSnapshotRef.uid} {.metadata.finalizers}", s.uid(t, "found"), protectsContent)
	s.deletes(t, "found")
}

// deletes deletes a snapshot and its content, as the storage system does once the controller has marked the content.
func (s storage) deletes(t *testing.T, name string) {
	t.Helper()
	content := s.content(t, name)
	s.Do(t, "", "delete", "volumesnapshot", name, "-n", namespace, "--wait=false")
	automation.Eventually(t, "the controller deletes the content of "+name, func(context.Context) string {
		if s.field(t, "volumesnapshotcontent/"+content, "{.metadata.deletionTimestamp}") == "" {
			return "it is not terminating"
		}
		return ""
	})
	s.becomes(t, "volumesnapshot/"+name, "{.metadata.finalizers}", protectsBound)
	s.releases(t, content)
	s.gone(t, "volumesnapshotcontent/"+content)
	s.gone(t, "volumesnapshot/"+name)
}
