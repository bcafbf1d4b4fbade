package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
)

// TestOwners holds what the garbage collector does to an object with an owner against what Stateward says of it.
func TestOwners(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"an owner is refused on whatever holds data or names":  everyOwned,
		"an owner that never was takes the set with it":        ownedByNobody,
		"a status brings nothing in that guards":               throughStatus,
		"an operator adopts":                                   operatorAdopts,
		"an operator adopts for an owner that never was":       operatorForges,
		"a set comes with the owner that it was exported with": exported,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

func everyOwned(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	owner := ownedBy("v1", "ConfigMap", "gone", "0", false)
	for _, object := range []string{"statefulset/web", "service/nginx", "persistentvolumeclaim/www-web-0"} {
		g.denied(t, "owner-reference", "patch", object, "--type=merge", "-p", owner)
	}
	g.denied(t, "owner-reference", "patch", "namespace", g.namespace, "--type=merge", "-p",
		ownedBy("storage.k8s.io/v1", "StorageClass", "gone", "0", false))
}

// throughStatus writes what is guarded through the subresource that is the controllers'.
func throughStatus(t *testing.T, g guard) {
	set := withClaim(builders.MakeStatefulSet().Replicas(1))
	set.Labels = map[string]string{"stateward.dev/quorum": "true"}
	g.create(t, set)
	g.settled(t, 1)
	forged := `{"metadata":{"annotations":{"` + confirmAnnotation + `":"delete","` + untilAnnotation + `":"` + soon(time.Minute) + `","` + stampAnnotation + `":"mallory"}}}`
	status := func(object, patch string) []string {
		return []string{"patch", object, "--subresource=status", "--type=merge", "-p", patch}
	}
	for _, object := range []string{"statefulset/web", "service/nginx", "persistentvolumeclaim/www-web-0", "pod/web-0", "namespace/" + g.namespace} {
		g.denied(t, "protected-labels", status(object, forged)...)
		g.allowed(t, "", status(object, `{"metadata":{"annotations":{"example.com/note":"hello"}}}`)...)
	}
	g.denied(t, "protected-labels", status("statefulset/web", `{"metadata":{"labels":{"stateward.dev/quorum":null}}}`)...)
	for _, object := range []string{"statefulset/web", "service/nginx", "persistentvolumeclaim/www-web-0"} {
		g.denied(t, "owner-reference", status(object, ownedBy("v1", "ConfigMap", "gone", "0", false))...)
	}
}

func ownedByNobody(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Replicas(1))
	g.settled(t, 1)
	g.confirmed(t, "sts/web", "update", "--rules=owner-reference")
	g.warned(t, "owner-reference", "patch", "statefulset", "web", "-p", ownedBy("v1", "ConfigMap", "gone", "0", false))
	eventually(t, "the garbage collector deletes the set", func(ctx context.Context) (bool, error) {
		_, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, "web", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

func operatorAdopts(t *testing.T, g guard) {
	g.create(t, builders.MakeStatefulSet().Replicas(1))
	g.allowed(t, "", "create", "configmap", "cluster")
	uid, _ := g.kubectl(t, "", "get", "configmap", "cluster", "-o", "jsonpath={.metadata.uid}")
	adopts := ownedBy("v1", "ConfigMap", "cluster", strings.TrimSpace(uid), true)
	g.warned(t, "owner-reference", "patch", "statefulset", "web", "--dry-run=server", "-p", adopts)
	operator := g.as(t, "system:serviceaccount:"+g.namespace+":operator")
	g.allowed(t, "", append(operator, "patch", "statefulset", "web", "-p", adopts)...)
	g.allowed(t, "", append(operator, "annotate", "statefulset", "web", "example.com/seen=1")...)
}

// operatorForges adds owners that do not exist, of kinds that the cluster has and of one that it has not.
func operatorForges(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	g.allowed(t, "", "create", "configmap", "cluster")
	operator := g.as(t, "system:serviceaccount:"+g.namespace+":operator")
	for what, owner := range map[string]string{
		"no such object": ownedBy("v1", "ConfigMap", "gone", "0", true),
		"another uid":    ownedBy("v1", "ConfigMap", "cluster", "0", true),
		"no such kind":   ownedBy("example.com/v1", "Cluster", "gone", "0", true),
		"may not look":   ownedBy("batch/v1", "Job", "gone", "0", true),
	} {
		t.Log(what)
		for _, object := range []string{"statefulset/web", "persistentvolumeclaim/www-web-0"} {
			g.denied(t, "owner-reference", append(operator, "patch", object, "--type=merge", "-p", owner)...)
		}
	}
}

func exported(t *testing.T, g guard) {
	g.allowed(t, string(builders.JSON(g.placed(builders.HeadlessService()))), "create", "-f", "-")
	set := builders.MakeStatefulSet().Replicas(1)
	set.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: "0"}}
	g.says(t, false, string(builders.JSON(g.placed(set))),
		[]string{"[owner-reference] StatefulSet \"web\" is DELETED"}, "create", "--dry-run=server", "-f", "-")
}

// ownedBy is the merge patch that brings an owner.
func ownedBy(version, kind, name, uid string, managing bool) string {
	return fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":%q,"kind":%q,"name":%q,"uid":%q,"controller":%v}]}}`,
		version, kind, name, uid, managing)
}
