package e2e_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestSnapshotsRestoreData installs the real definitions of snapshots in a cluster that runs, and takes them away again. The
// snapshot controller does not run: the test writes what it and a CSI driver would.
func TestSnapshotsRestoreData(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	g.hasDisk(t, "www-web-1", "disk-1")
	g.allowed(t, "", append(breakGlass(), "scale", "statefulset", "web", "--replicas=2")...)
	g.settled(t, 2)

	claim := []string{"delete", "pvc", "www-web-1", "--dry-run=server"}
	const nothing = "its disk and the data are DELETED with it; nothing known here brings the data back"
	g.says(t, true, "", []string{"[claim-in-use]", nothing}, claim...)

	g.audits(t, "the volumes of www-web-0, www-web-1 deletes the data")
	g.mayBeInABackup(t, claim)
	g.servesSnapshots(t)
	g.says(t, true, "", []string{nothing}, claim...)
	g.takesSnapshot(t, claim)
	g.hasSnapshot(t, "night-1", "Delete")
	const again = `minutes ago (deletion policy Delete) brings the data of that time back`
	g.eventuallySays(t, true, again, claim...)
	if output, _ := g.stateward(t, "admin", "plan", "--delete", "pvc/www-web-1", "-n", g.namespace); !strings.Contains(strings.Join(strings.Fields(output), " "), again) {
		t.Errorf("a plan knows no snapshot:\n%s", output)
	}
	g.audits(t, "the volumes of www-web-0 deletes the data")

	g.allowed(t, guardrails("  rules: [{id: claim-in-use, params: {recovery: {snapshotWithin: 1s}}}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	// It may be younger than a second at first.
	g.eventuallySays(t, true, "[claim-in-use]", claim...)
	const within = "  rules: [{id: claim-in-use, params: {recovery: {snapshotWithin: 24h%s}}}, {id: namespace-delete, params: {recovery: {snapshotWithin: 24h}}}]\n"
	g.allowed(t, guardrails(strings.Replace(within, "%s", ", dependentDrivers: [disk.example.com]", 1)), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.denied(t, "claim-in-use", claim...)
	g.allowed(t, guardrails("  profile: strict\n"+strings.Replace(within, "%s", "", 1)), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	g.warned(t, "claim-in-use", claim...)
	g.denied(t, "claim-in-use", "delete", "pvc", "www-web-0", "--dry-run=server")
	g.says(t, true, "", []string{"nothing known here brings back www-web-0, www-web-1"}, "delete", "namespace", g.namespace, "--dry-run=server")

	g.lastCopyStays(t)
	g.staysRetained(t)
	g.sharedSnapshotStays(t)
	g.lastCopiesOfNamespaceStay(t)

	g.allowed(t, "", "delete", "crd", "volumesnapshots.snapshot.storage.k8s.io", "volumesnapshotcontents.snapshot.storage.k8s.io")
	g.eventuallySays(t, true, nothing, claim...)
}

// mayBeInABackup asks for a deletion while there is a backup of Velero, of which only the definition is here, and ends without.
func (g guard) mayBeInABackup(t *testing.T, deletion []string) {
	t.Helper()
	g.serves(t, environment.Definitions{
		Requiring: "velero", Module: "github.com/vmware-tanzu/velero", Folder: "config/crd/v1/bases", Group: "velero.io", Resources: []string{"backups"},
	})
	g.allowed(t, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"velero"}}`, "create", "-f", "-")
	now := time.Now().UTC()
	g.allowed(t, `{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"namespace":"velero","name":"night"},"spec":{"includedNamespaces":["*"]},`+
		`"status":{"phase":"Completed","startTimestamp":"`+now.Format(time.RFC3339)+`","expiration":"`+now.Add(time.Hour).Format(time.RFC3339)+`",`+
		`"csiVolumeSnapshotsCompleted":2}}`, "create", "-f", "-", "-n", "velero")
	g.eventuallySays(t, true, "DELETED with it; Velero backup \"night\" of 0 minutes ago is of this namespace: `velero backup describe night --details` says whether it holds the disk", deletion...)
	g.allowed(t, "", "delete", "crd", "backups.velero.io")
	g.eventuallySays(t, true, "nothing known here brings the data back", deletion...)
	g.allowed(t, "", "delete", "namespace", "velero")
}

// audits wants a text in the audit of the namespace.
func (g guard) audits(t *testing.T, text string) {
	t.Helper()
	output, code := g.stateward(t, "admin", "audit")
	if code > 1 || !strings.Contains(strings.Join(strings.Fields(output), " "), text) {
		t.Errorf("exit code %d, want %q in\n%s", code, text, output)
	}
}

// lastCopyStays deletes snapshots of one claim, of which there is one, then two.
func (g guard) lastCopyStays(t *testing.T) {
	last := []string{"delete", "volumesnapshot", "night-1", "--dry-run=server"}
	program := []string{"--as=system:serviceaccount:velero:velero", "--as-group=system:masters"}
	g.says(t, true, "", []string{
		`[snapshot-last-copy] metadata.name: snapshot "night-1" is the last ready one of claim "www-web-1" of StatefulSet "web"`,
		"stateward confirm volumesnapshot/night-1 delete -n " + g.namespace + " --rules snapshot-last-copy",
	}, last...)
	g.denied(t, "snapshot-last-copy", "delete", "volumesnapshotcontent", g.namespace+"-night-1", "--dry-run=server")
	g.warned(t, "snapshot-last-copy", append(last, program...)...)
	if output, code := g.stateward(t, "alice", "confirm", "volumesnapshot/night-1", "delete", "-n", g.namespace, "--rules", "snapshot-last-copy"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "snapshot-last-copy", last...)
	g.hasSnapshot(t, "night-2", "Retain")
	g.allowed(t, "", last...)
	g.allowed(t, "", "delete", "volumesnapshotcontent", g.namespace+"-night-1", "--dry-run=server")
}

// lastCopiesOfNamespaceStay deletes a namespace without sets and claims, which has a snapshot of a claim that no longer exists.
func (g guard) lastCopiesOfNamespaceStay(t *testing.T) {
	t.Helper()
	former := guard{Environment: g.Environment, namespace: g.namespace[:20] + "-former"}
	gone := []string{"delete", "namespace", former.namespace, "--dry-run=server"}
	g.allowed(t, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+former.namespace+`"}}`, "create", "-f", "-")
	former.allowed(t, "", gone...)
	former.hasSnapshot(t, "week-1", "Delete")
	former.denied(t, "snapshot-last-copy", gone...)
	former.says(t, true, "", []string{"holds the last ready snapshots of claims that no longer exist: www-web-1; it DELETES them"}, gone...)
	former.hasSnapshot(t, "week-2", "Retain")
	former.allowed(t, "", gone...)
}

// takesSnapshot asks for a deletion while a snapshot is taken, and ends without.
func (g guard) takesSnapshot(t *testing.T, deletion []string) {
	t.Helper()
	g.allowed(t, `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotClass","metadata":{"name":"kept"},"driver":"disk.example.com","deletionPolicy":"Retain"}`, "create", "-f", "-")
	g.allowed(t, `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{"name":"new"},`+
		`"spec":{"volumeSnapshotClassName":"kept","source":{"persistentVolumeClaimName":"www-web-1"}}}`, "create", "-f", "-")
	g.eventuallySays(t, true, `snapshot "new" (deletion policy Retain) brings the data of its time back once it is ready`, deletion...)
	g.allowed(t, "", "delete", "volumesnapshot", "new")
}

// sharedSnapshotStays brings the snapshot of a content into another namespace by its handle, and deletes the copy.
func (g guard) sharedSnapshotStays(t *testing.T) {
	t.Helper()
	program := []string{"--as=system:serviceaccount:velero:velero", "--as-group=system:masters"}
	copied := func(name, handle string) []string {
		g.allowed(t, `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotContent","metadata":{"name":"`+g.namespace+name+`"},`+
			`"spec":{"deletionPolicy":"Delete","driver":"disk.example.com","source":{"snapshotHandle":"`+handle+`"},`+
			`"volumeSnapshotRef":{"namespace":"staging","name":"copy"}}}`, "create", "-f", "-")
		return []string{"delete", "volumesnapshotcontent", g.namespace + name, "--dry-run=server"}
	}
	shared, unknown := copied("-shared", "snap"), copied("-unknown", "elsewhere")
	g.says(t, true, "", []string{`is of the same snapshot "snap" in the storage system as content ` + g.namespace + "-night-1, " + g.namespace + "-night-2, and is DELETED"}, shared...)
	g.warned(t, "snapshot-last-copy", append(shared, program...)...)
	g.warned(t, "snapshot-last-copy", unknown...)
	g.allowed(t, "", append(unknown, program...)...)
	g.allowed(t, "", "patch", "volumesnapshotcontent", g.namespace+"-shared", "--type=merge", "-p", `{"spec":{"deletionPolicy":"Retain"}}`)
	g.allowed(t, "", shared...)
}

// staysRetained turns the deletion policy of a content from Retain to Delete.
func (g guard) staysRetained(t *testing.T) {
	content := "volumesnapshotcontent/" + g.namespace + "-night-2"
	policy := func(policy string, more ...string) []string {
		return append([]string{"patch", content, "--type=merge", "-p", `{"spec":{"deletionPolicy":"` + policy + `"}}`}, more...)
	}
	g.says(t, true, "", []string{
		"[reclaim-policy] spec.deletionPolicy: with Delete the snapshot in the storage system is DELETED together with VolumeSnapshot " + g.namespace + "/night-2",
		"stateward confirm " + content + " update --rules reclaim-policy",
	}, policy("Delete")...)
	g.warned(t, "reclaim-policy", policy("Delete", "--dry-run=server", "--as=system:serviceaccount:velero:velero", "--as-group=system:masters")...)
	g.allowed(t, "", "label", content, "team=data")
	if output, code := g.stateward(t, "alice", "confirm", content, "update", "--rules", "reclaim-policy"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	g.warned(t, "reclaim-policy", policy("Delete")...)
	g.allowed(t, "", policy("Retain")...)
}

// hasDisk makes the volume of a claim to come, as a CSI driver's.
func (g guard) hasDisk(t *testing.T, claim, handle string) {
	t.Helper()
	made, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).Get(t.Context(), "www-web-0", metav1.GetOptions{})
	must(t, err)
	_, err = g.Client.CoreV1().PersistentVolumes().Create(t.Context(), &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: g.namespace + "-" + handle},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")},
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName:              *made.Spec.StorageClassName,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			ClaimRef:                      &corev1.ObjectReference{Namespace: g.namespace, Name: claim},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "disk.example.com", VolumeHandle: handle}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
}

// servesSnapshots installs the definitions as the module of their project holds them.
func (g guard) servesSnapshots(t *testing.T) {
	t.Helper()
	g.serves(t, environment.Definitions{
		Requiring: "external-snapshotter", Module: "github.com/kubernetes-csi/external-snapshotter/client/v8", Folder: "config/crd",
		Group: "snapshot.storage.k8s.io", Resources: []string{"volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"},
	})
}

// serves installs definitions as their project keeps them.
func (g guard) serves(t *testing.T, definitions environment.Definitions) {
	t.Helper()
	must(t, g.ServeDefinitions(t.Context(), definitions))
}

// hasSnapshot makes a snapshot of the claim www-web-1 as it is now.
func (g guard) hasSnapshot(t *testing.T, name, policy string) {
	t.Helper()
	content := g.namespace + "-" + name
	g.allowed(t, `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{"name":"`+name+`"},`+
		`"spec":{"source":{"persistentVolumeClaimName":"www-web-1"}}}`, "create", "-f", "-")
	g.allowed(t, `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotContent","metadata":{"name":"`+content+`"},`+
		`"spec":{"deletionPolicy":"`+policy+`","driver":"disk.example.com","source":{"volumeHandle":"disk-1"},`+
		`"volumeSnapshotRef":{"namespace":"`+g.namespace+`","name":"`+name+`","uid":"`+g.uid(t, "volumesnapshot/"+name)+`"}}}`, "create", "-f", "-")
	g.allowed(t, "", "patch", "volumesnapshotcontent", content, "--subresource=status", "--type=merge", "-p", `{"status":{"readyToUse":true,"snapshotHandle":"snap"}}`)
	g.allowed(t, "", "patch", "volumesnapshot", name, "--subresource=status", "--type=merge", "-p",
		`{"status":{"readyToUse":true,"boundVolumeSnapshotContentName":"`+content+`","creationTime":"`+time.Now().UTC().Format(time.RFC3339)+`"}}`)
}
