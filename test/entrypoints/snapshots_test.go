package entrypoints_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/cluster"
)

// Deletion policies of contents.
const (
	policyDelete = "Delete"
	policyRetain = "Retain"
)

// makeSnapshotDefinitions brings the kinds of snapshots as their project defines them, and waits until the API server serves them.
func makeSnapshotDefinitions(ctx context.Context, s *stage) error {
	folder, err := cluster.ModuleFolder(ctx, "snapshot-controller", "github.com/kubernetes-csi/external-snapshotter/client/v8")
	if err != nil {
		return err
	}
	for _, kind := range []string{"volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"} {
		text, err := os.ReadFile(filepath.Join(folder, "config", "crd", "snapshot.storage.k8s.io_"+kind+".yaml"))
		if err != nil {
			return err
		}
		encoded, err := yaml.YAMLToJSON(text)
		if err != nil {
			return err
		}
		if err := s.make(ctx, string(encoded)); err != nil {
			return err
		}
	}
	for _, text := range []string{volumeSnapshot("any", "any"), content("any", "any", "any", policyDelete, `"volumeHandle":"any"`)} {
		object, err := toUnstructured(text)
		if err != nil {
			return err
		}
		if err := s.served(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

func volumeSnapshot(name, claim string) string {
	return fmt.Sprintf(`{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshot","metadata":{"name":%q},"spec":{"source":{"persistentVolumeClaimName":%q}}}`, name, claim)
}

func content(name, namespace, snapshot, policy, source string) string {
	return fmt.Sprintf(`{"apiVersion":"snapshot.storage.k8s.io/v1","kind":"VolumeSnapshotContent","metadata":{"name":%q},"spec":{"deletionPolicy":%q,`+
		`"driver":"disk.example.com","source":{%s},"volumeSnapshotRef":{"kind":"VolumeSnapshot","namespace":%q,"name":%q}}}`, name, policy, source, namespace, snapshot)
}

// saved builds a scene of a claim and its only snapshot, with what the snapshot controller and a CSI driver write.
func saved(claim, policy string) func(context.Context, *stage) error {
	return func(ctx context.Context, s *stage) error {
		if err := s.running(ctx, database()); err != nil {
			return err
		}
		return s.save(ctx, claim, policy)
	}
}

// lost builds a scene of the only snapshot of a claim that no longer exists.
func lost(ctx context.Context, s *stage) error { return s.save(ctx, "www-web-0", policyDelete) }

// save makes the snapshot "night" of a claim.
func (s *stage) save(ctx context.Context, claim, policy string) error {
	if err := s.make(ctx, volumeSnapshot("night", claim)); err != nil {
		return err
	}
	snapshot, err := toUnstructured(volumeSnapshot("night", claim))
	if err != nil {
		return err
	}
	s.place(snapshot)
	if err := s.api.Get(ctx, client.ObjectKeyFromObject(snapshot), snapshot); err != nil {
		return err
	}
	made, err := toUnstructured(content(s.content(), s.namespace, "night", policy, fmt.Sprintf(`"volumeHandle":%q`, s.namespace)))
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedField(made.Object, string(snapshot.GetUID()), "spec", "volumeSnapshotRef", "uid"); err != nil {
		return err
	}
	if err := s.make(ctx, made); err != nil {
		return err
	}
	handle := fmt.Sprintf(`{"status":{"readyToUse":true,"snapshotHandle":"snap-%s"}}`, s.namespace)
	if err := s.patchStatus(ctx, made, handle); err != nil {
		return err
	}
	return s.patchStatus(ctx, snapshot, fmt.Sprintf(`{"status":{"readyToUse":true,"boundVolumeSnapshotContentName":%q,"creationTime":%q}}`,
		s.content(), time.Now().UTC().Format(time.RFC3339)))
}

// content is the name of the content of the scene's snapshot: contents have no namespace.
func (s *stage) content() string { return s.namespace + "-night" }

func (s *stage) patchStatus(ctx context.Context, object client.Object, patch string) error {
	return s.api.Status().Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(patch)))
}

// itsContent is the content of the scene's snapshot, itsCopy the one that was made from the same snapshot in the storage system.
func itsContent(_ context.Context, s *stage) (string, error) { return s.content(), nil }

func itsCopy(_ context.Context, s *stage) (string, error) { return s.namespace + "-copy", nil }

// copied builds a scene of a snapshot that was brought into another namespace.
func copied(ctx context.Context, s *stage) error {
	if err := s.running(ctx, database()); err != nil {
		return err
	}
	if err := s.save(ctx, "www-web-0", policyDelete); err != nil {
		return err
	}
	return s.make(ctx, content(s.namespace+"-copy", s.namespace, "copy", policyDelete, fmt.Sprintf(`"snapshotHandle":"snap-%s"`, s.namespace)))
}

// leftOver builds a scene of a content whose snapshot is gone.
func leftOver(ctx context.Context, s *stage) error {
	if err := s.save(ctx, "www-web-0", policyRetain); err != nil {
		return err
	}
	snapshot, err := toUnstructured(volumeSnapshot("night", "www-web-0"))
	if err != nil {
		return err
	}
	s.place(snapshot)
	return s.api.Delete(ctx, snapshot)
}

// ofSnapshots are scenes of what brings data back.
func ofSnapshots() []scene {
	return []scene{
		{"snapshot", saved("www-web-0", policyDelete), []kind{
			because("", "no-confirmation", forgery("VolumeSnapshot", snapshots, named("night"))),
			because("", "no-confirmation", forgery("VolumeSnapshotContent", contents, itsContent)),
			{title: "last VolumeSnapshot of a claim", resource: snapshots, operation: deletion, target: named("night")},
		}},
		{"snapshot-content", saved("www-web-0", policyDelete), []kind{
			{title: "content of the last VolumeSnapshot of a claim", resource: contents, operation: deletion, target: itsContent},
		}},
		{"snapshot-retained", saved("www-web-0", policyRetain), []kind{
			{
				title: "deletion policy of a content from Retain to Delete", resource: contents, operation: change, target: itsContent,
				edit: merge(`{"spec":{"deletionPolicy":"Delete"}}`),
			},
		}},
		{"snapshot-left", leftOver, []kind{
			{title: "last content of a disk, without a VolumeSnapshot", resource: contents, operation: deletion, target: itsContent},
		}},
		{"snapshot-shared", copied, []kind{
			{title: "content of a snapshot that another content has", resource: contents, operation: deletion, target: itsCopy},
		}},
		{"snapshot-of-a-lost-claim", lost, []kind{
			{title: "namespace with the last VolumeSnapshots of lost claims", resource: namespaces, operation: deletion, target: theNamespace},
		}},
		{"snapshot-creations", nothing, []kind{
			because("", "no-confirmation", create("created with a confirmation in another name: VolumeSnapshot", snapshots, func(*stage) any {
				return annotated(volumeSnapshot("forged", "www-web-0"))
			})),
			because("", "no-confirmation", create("created with a confirmation in another name: VolumeSnapshotContent", contents, func(s *stage) any {
				return annotated(content(s.namespace, s.namespace, "forged", policyDelete, `"volumeHandle":"any"`))
			})),
		}},
	}
}
