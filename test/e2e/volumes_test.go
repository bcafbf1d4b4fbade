package e2e_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
)

// TestVolumesOfRunningSets goes for the disk behind a claim, past the claim.
func TestVolumesOfRunningSets(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	claim, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).Get(t.Context(), "www-web-0", metav1.GetOptions{})
	must(t, err)
	volume := claim.Spec.VolumeName

	reclaim := func(policy string) []string {
		return []string{"patch", "pv", volume, "-p", `{"spec":{"persistentVolumeReclaimPolicy":"` + policy + `"}}`}
	}
	g.allowed(t, "", reclaim("Retain")...)
	g.warned(t, "reclaim-policy", reclaim("Delete")...)

	const another = `{"spec":{"claimRef":{"uid":"6b0bd2b8-1f6c-4f0e-9d5b-000000000000"}}}`
	g.denied(t, "volume-claim", "patch", "pv", volume, "--type=merge", "-p", another)
	g.allowed(t, "", "patch", "pv", volume, "--type=merge", "-p", `{"spec":{"claimRef":{"name":"www-web-0"}}}`)

	g.denied(t, "volume-in-use", "delete", "pv", volume, "--wait=false")
	g.allowed(t, "", "label", "pv", volume, "team=data")

	const unprotected = `{"metadata":{"finalizers":null}}`
	g.denied(t, "volume-protection", "patch", "pv", volume, "-p", unprotected)
	g.denied(t, "volume-protection", "patch", "pvc", "www-web-0", "-p", unprotected)
	for _, object := range []string{"pv/" + volume, "pvc/www-web-0"} {
		status := func(change string) []string {
			return []string{"patch", object, "--subresource=status", "--type=merge", "-p", change}
		}
		g.denied(t, "volume-protection", status(unprotected)...)
		g.denied(t, "owner-reference", status(ownedBy("storage.k8s.io/v1", "StorageClass", "gone", "0", false))...)
		g.allowed(t, "", status(`{"metadata":{"annotations":{"example.com/note":"hello"}}}`)...)
	}
	g.allowed(t, "", "patch", "pvc", "www-web-0", "-p", `{"metadata":{"finalizers":["example.com/mine"]}}`)
}

// TestRevisionsOfRunningSets takes away the revision that the pods run, without which there is no way back.
func TestRevisionsOfRunningSets(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, builders.MakeStatefulSet().Replicas(1))
	g.settled(t, 1)
	set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(t.Context(), "web", metav1.GetOptions{})
	must(t, err)
	g.allowed(t, "", "label", "controllerrevision", set.Status.CurrentRevision, "team=data")
	g.warned(t, "revision-in-use", "delete", "controllerrevision", set.Status.CurrentRevision)
}
