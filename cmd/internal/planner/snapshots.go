package planner

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/stateward/stateward/policies/forecast"
)

// volumeSnapshot has the fields of a VolumeSnapshot that are read, and volumeSnapshotContent those of its content. Source:
// the API snapshot.storage.k8s.io/v1 of kubernetes-csi/external-snapshotter.
type volumeSnapshot struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Source struct {
			PersistentVolumeClaimName string `json:"persistentVolumeClaimName"`
		} `json:"source"`
	} `json:"spec"`
	Status struct {
		BoundVolumeSnapshotContentName string      `json:"boundVolumeSnapshotContentName"`
		CreationTime                   metav1.Time `json:"creationTime"`
		ReadyToUse                     bool        `json:"readyToUse"`
	} `json:"status"`
}

type volumeSnapshotContent struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		DeletionPolicy string `json:"deletionPolicy"`
		Source         struct {
			VolumeHandle string `json:"volumeHandle"`
		} `json:"source"`
		VolumeSnapshotRef corev1.ObjectReference `json:"volumeSnapshotRef"`
	} `json:"spec"`
	Status struct {
		ReadyToUse bool `json:"readyToUse"`
	} `json:"status"`
}

// Snapshot brings back the data of a volume that is lost, as they were when it was made.
type Snapshot struct {
	Volume string `json:"volume"`
	Claim  string `json:"claim"`
	Name   string `json:"name"`
	// AgeSeconds is that at the time of the plan, and DeletionPolicy that of its content.
	AgeSeconds     int    `json:"ageSeconds"`
	DeletionPolicy string `json:"deletionPolicy"`
}

func (s Snapshot) String() string {
	age := duration.HumanDuration(time.Duration(s.AgeSeconds) * time.Second)
	return fmt.Sprintf("%s by %s of %s ago (deletion policy %s)", s.Volume, s.Name, age, s.DeletionPolicy)
}

// addSnapshots finds what brings back the volumes that a change deletes, or may delete. A namespace takes its snapshots along,
// except the contents with deletion policy Retain.
func (i *Inventory) addSnapshots(c *Change, request change, now time.Time) {
	for _, volume := range slices.Concat(c.Summary.Lost, c.Summary.Unclear) {
		claim := i.claimOf(volume, request.claimsIn())
		found, content := i.newestSnapshot(claim, request.forecast.Action == forecast.DeleteNamespace)
		if found == nil {
			continue
		}
		c.Snapshots = append(c.Snapshots, Snapshot{
			Volume: volume, Claim: claim.Name, Name: found.Name, DeletionPolicy: content.Spec.DeletionPolicy,
			AgeSeconds: int(max(now.Sub(found.Status.CreationTime.Time), 0).Seconds()),
		})
	}
}

// claimOf is the claim of a namespace that is bound to a volume.
func (i *Inventory) claimOf(volume, namespace string) *corev1.PersistentVolumeClaim {
	for index := range i.claims {
		if claim := &i.claims[index]; claim.Spec.VolumeName == volume && claim.Namespace == namespace {
			return claim
		}
	}
	return nil
}

// newestSnapshot is the one from which a claim can be made again; nil where none is known. One of an earlier claim of the same
// name, or of another disk, is none. Where retained is true, its content must have the deletion policy Retain.
func (i *Inventory) newestSnapshot(claim *corev1.PersistentVolumeClaim, retained bool) (newest *volumeSnapshot, content *volumeSnapshotContent) {
	if claim == nil {
		return nil, nil
	}
	for index := range i.snapshots {
		each := &i.snapshots[index]
		made := each.Status.CreationTime
		switch {
		case each.Namespace != claim.Namespace || each.Spec.Source.PersistentVolumeClaimName != claim.Name:
		case !each.Status.ReadyToUse || each.DeletionTimestamp != nil || made.Before(&claim.CreationTimestamp):
		case newest != nil && made.Before(&newest.Status.CreationTime):
		default:
			if bound := i.contentOf(each, claim); bound != nil && (!retained || bound.Spec.DeletionPolicy == "Retain") {
				newest, content = each, bound
			}
		}
	}
	return newest, content
}

func (i *Inventory) contentOf(snapshot *volumeSnapshot, claim *corev1.PersistentVolumeClaim) *volumeSnapshotContent {
	handle := ""
	if volume := i.volume(claim.Spec.VolumeName); volume != nil && volume.Spec.CSI != nil {
		handle = volume.Spec.CSI.VolumeHandle
	}
	for index := range i.contents {
		content := &i.contents[index]
		of := content.Spec.Source.VolumeHandle
		isBound := content.Name == snapshot.Status.BoundVolumeSnapshotContentName && content.Spec.VolumeSnapshotRef.UID == snapshot.UID
		isWhole := content.Status.ReadyToUse && content.DeletionTimestamp == nil
		if isBound && isWhole && (of == "" || handle == "" || of == handle) {
			return content
		}
	}
	return nil
}
