package auditor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/webhook/reports"
)

const (
	volume = `{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"pv"},"spec":{"persistentVolumeReclaimPolicy":"Delete",
		"claimRef":{"namespace":"data","name":"data-db-0"},"csi":{"driver":"disk.example.com","volumeHandle":"disk"}}}`
	snapshot = `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{"name":"night","namespace":"data","uid":"n1"},
		"spec":{"source":{"persistentVolumeClaimName":"data-db-0"}},
		"status":{"readyToUse":true,"boundVolumeSnapshotContentName":"night","creationTime":"2026-11-23T11:00:00Z"}}`
	content = `{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotContent","metadata":{"name":"night"},
		"spec":{"deletionPolicy":"Delete","source":{"volumeHandle":"disk"},"volumeSnapshotRef":{"namespace":"data","name":"night","uid":"n1"}},
		"status":{"readyToUse":true}}`
	retention = `{"profile":"baseline","rules":[{"id":"volume-retention","action":"warn"}]}`
)

func TestAuditorListsSnapshotsOnceAPass(t *testing.T) {
	t.Parallel()
	// Both sets are looked at with the same copy: the volume of the second has no snapshot.
	second := strings.NewReplacer(`"namespace":"data"`, `"namespace":"more"`, `"uid":"s1"`, `"uid":"s3"`, `"uid":"c1"`, `"uid":"c3"`)
	c := newCluster(t, retention, set, claim, volume, second.Replace(set), second.Replace(claim))
	for resource, text := range map[string]string{"volumesnapshots": snapshot, "volumesnapshotcontents": content} {
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		_, err := c.api.Resource(snapshotKind(resource)).Namespace(object.GetNamespace()).Create(t.Context(), &object, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.api.ClearActions()
	c.after(t, time.Minute)
	lists := map[string]int{}
	for _, each := range c.api.Actions() {
		if resource := each.GetResource().Resource; strings.HasPrefix(resource, "volumesnapshot") || resource == "backups" {
			lists[each.GetVerb()+" "+resource]++
		}
	}
	if diff := cmp.Diff(map[string]int{"list volumesnapshots": 1, "list volumesnapshotcontents": 1, "list backups": 1}, lists); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	found := map[string]bool{}
	for _, report := range c.reports(t, reports.OpenReports(), "reports") {
		for _, result := range report.Results {
			if result.Rule == "volume-retention" || result.Policy == "volume-retention" {
				found[report.Metadata.Namespace] = true
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"more": true}, found); diff != "" {
		t.Errorf("namespaces with a finding (-want +got):\n%s", diff)
	}
}
