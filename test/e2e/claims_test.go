package e2e_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/builders"
)

// TestClaims follows the data through what is done to its set. What Stateward says of the controllers is true, and what it
// lets through they carry to its end.
func TestClaims(t *testing.T) {
	guarded := shared(t)
	for name, holds := range map[string]func(*testing.T, guard){
		"another first ordinal deletes the claims":    startTakesClaims,
		"a smaller set that deletes its claims":       scaleTakesClaims,
		"a deleted set that takes its claims along":   deletionTakesClaims,
		"a claim in use waits for its pod and goes":   claimInUse,
		"a set made anew comes back to its claims":    anewOnClaims,
		"a set is made anew under its running pods":   anewUnderPods,
		"a set is created again with another image":   againWithAnotherImage,
		"a set is made over claims of others":         overMountedClaims,
		"a larger claim by the way that is shown":     resized,
		"a scale down that keeps its claims comes up": scaleKeepsClaims,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(t, newGuard(t, guarded))
		})
	}
}

func startTakesClaims(t *testing.T, g guard) {
	g.create(t, deletesClaims(withClaim(builders.MakeStatefulSet())))
	g.settled(t, 3)
	elsewhere := []string{"patch", "statefulset", "web", "-p", `{"spec":{"ordinals":{"start":5}}}`}
	g.says(t, true, "", []string{
		"[ordinals-start] spec.ordinals.start: from 0 to 5 stops web-0 to web-2 (claims DELETED, whenScaled: Delete)",
	}, elsewhere...)
	g.hasClaims(t, "www-web-0", "www-web-1", "www-web-2")
	g.confirmed(t, "sts/web", "update", "--rules=ordinals-start")
	g.warned(t, "ordinals-start", elsewhere...)
	g.hasClaims(t, "www-web-5", "www-web-6", "www-web-7")
	g.settled(t, 3)
}

func scaleTakesClaims(t *testing.T, g guard) {
	g.create(t, deletesClaims(withClaim(builders.MakeStatefulSet())))
	g.settled(t, 3)
	down := []string{"scale", "statefulset", "web", "--replicas=1"}
	g.says(t, true, "", []string{"[scale-down-data] spec.replicas: 1 deletes 2Gi of data with www-web-1, www-web-2"}, down...)
	g.confirmed(t, "sts/web", "scale", "--rules=scale-down-data")
	g.warned(t, "scale-down-data", down...)
	g.hasClaims(t, "www-web-0")
	g.settled(t, 1)
}

func deletionTakesClaims(t *testing.T, g guard) {
	set := withClaim(builders.MakeStatefulSet())
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
	g.create(t, set)
	g.settled(t, 3)
	g.says(t, true, "", []string{"[cascade-delete]", "its claims and their data are DELETED with it"}, "delete", "statefulset", "web")
	g.confirmed(t, "sts/web", "delete")
	g.warned(t, "cascade-delete", "delete", "statefulset", "web")
	g.hasClaims(t)
}

func claimInUse(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(2)))
	g.settled(t, 2)
	before := g.claims(t)
	g.denied(t, "claim-in-use", "delete", "pvc", "www-web-1", "--wait=false")
	g.confirmed(t, "pvc/www-web-1", "delete")
	g.warned(t, "claim-in-use", "delete", "pvc", "www-web-1", "--wait=false")
	g.allowed(t, "", "delete", "pod", "web-1")
	eventually(t, "another claim is there", func(context.Context) (bool, error) {
		now := g.claims(t)
		return now["www-web-1"] != "" && now["www-web-1"] != before["www-web-1"], nil
	})
	g.settled(t, 2)
	// Below its claim, the set no longer needs it.
	g.warned(t, "scale-down", "scale", "statefulset", "web", "--replicas=1")
	g.allowed(t, "", "wait", "--for=delete", "pod/web-1", "--timeout=60s")
	g.says(t, false, "", []string{`claim "www-web-1" belongs to StatefulSet "web", which is scaled below it`}, "delete", "pvc", "www-web-1", "--dry-run=server")
}

func anewOnClaims(t *testing.T, g guard) {
	set := ofClass(growing, builders.MakeStatefulSet())
	g.create(t, set)
	g.settled(t, 3)
	before := g.claims(t)
	g.confirmed(t, "sts/web", "delete")
	g.warned(t, "cascade-delete", "delete", "statefulset", "web", "--cascade=foreground")
	manifest := string(set.JSON())
	g.says(t, false, strings.ReplaceAll(manifest, `"1Gi"`, `"2Gi"`),
		[]string{"[claim-reuse]", "www-web-0, www-web-1, www-web-2: size 1Gi, the template requests 2Gi"}, "create", "--dry-run=server", "-f", "-")
	g.says(t, false, manifest, []string{
		"[claim-reuse] new pods take over www-web-0, www-web-1, www-web-2 with the data of a former set",
	}, "create", "-f", "-")
	g.settled(t, 3)
	if after := g.claims(t); !maps.Equal(before, after) {
		t.Errorf("the claims were %v and are %v", before, after)
	}
}

func anewUnderPods(t *testing.T, g guard) {
	set := ofClass(growing, builders.MakeStatefulSet())
	g.create(t, set)
	g.allowed(t, string(builders.JSON(g.placed(budget("web")))), "create", "-f", "-")
	g.settled(t, 3)
	before := g.pods(t)
	g.warned(t, "orphan-delete", "delete", "statefulset", "web", "--cascade=orphan")
	if left := g.pods(t); !maps.Equal(before, left) {
		t.Errorf("the pods were %v and are %v", before, left)
	}
	g.allowed(t, string(set.JSON()), "create", "-f", "-")
	g.settled(t, 3)
	if after := g.pods(t); !maps.Equal(before, after) {
		t.Errorf("the pods were %v and are %v", before, after)
	}
	g.adopted(t)
}

// againWithAnotherImage creates the set over what another major version left: its pods, and then its claims.
func againWithAnotherImage(t *testing.T, g guard) {
	set := ofClass(growing, builders.MakeStatefulSet().Replicas(1))
	g.create(t, set)
	g.settled(t, 1)
	g.orphaned(t)
	manifest := string(set.JSON())
	next := strings.ReplaceAll(manifest, "nginx:1.27.4", "nginx:2.0.0")
	create := []string{"create", "--dry-run=server", "-f", "-"}
	g.says(t, true, next, []string{
		`a new major version, from "nginx:1.27.4" of pod web-0 to "nginx:2.0.0"`,
		`create it with "nginx:1.27.4" first, then change the image by an update`,
	}, create...)
	g.allowed(t, manifest, create...)
	g.allowed(t, strings.ReplaceAll(manifest, "nginx:1.27.4", "nginx:1.27.5"), create...)
	g.says(t, true, strings.ReplaceAll(manifest, `"mountPath":"`, `"mountPath":"/elsewhere`), []string{
		`container "nginx" no longer finds claim template "www" of pod web-0`,
	}, create...)

	g.allowed(t, "", "delete", "pod", "web-0")
	g.says(t, true, next, []string{`a new major version, from "nginx:1.27.4" of revision web-`}, create...)
	g.says(t, false, manifest, []string{"new pods take over www-web-0 with the data of a former set"}, create...)
}

// overMountedClaims creates the set over a claim that a pod of something else mounts.
func overMountedClaims(t *testing.T, g guard) {
	set := ofClass(growing, builders.MakeStatefulSet().Replicas(1))
	claim := set.Spec.VolumeClaimTemplates[0].DeepCopy()
	claim.Name = "www-web-0"
	if _, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).Create(t.Context(), claim, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	manifest := g.beside(t, nil, set)
	mounting := func(name, access string) string {
		return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"},"spec":{` +
			`"containers":[{"name":"main","image":"nginx:1.27.4","volumeMounts":[{"name":"data","mountPath":"/data"` + access + `}]}],` +
			`"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"www-web-0"}}]}}`
	}
	create := []string{"create", "--dry-run=server", "-f", "-"}
	g.allowed(t, mounting("importer", ""), "create", "-f", "-")
	eventually(t, "the claim of the pod is denied to the set", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, manifest, create...)
		return code != 0 && strings.Contains(output, "pod importer already writes to www-web-0"), nil
	})
	g.allowed(t, "", "delete", "pod", "importer")
	g.allowed(t, mounting("reader", `,"readOnly":true`), "create", "-f", "-")
	eventually(t, "the pod that reads is mentioned", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, manifest, create...)
		return code == 0 && strings.Contains(output, "pod reader already reads www-web-0"), nil
	})
}

// resized goes the way that claim-immutable shows, with pods that run on.
func resized(t *testing.T, g guard) {
	set := ofClass(growing, builders.MakeStatefulSet().Replicas(1))
	g.create(t, set)
	g.settled(t, 1)
	before := g.pods(t)
	larger := strings.ReplaceAll(string(set.JSON()), `"1Gi"`, `"2Gi"`)
	g.says(t, true, larger, []string{
		`[claim-immutable] "1Gi" cannot become "2Gi", the field is immutable`,
		"[claim-immutable] kubectl delete sts web -n " + g.namespace + " --cascade=orphan, resize claims, ap",
		`The StatefulSet "web" is invalid: spec`,
	}, "apply", "--server-side", "--force-conflicts", "-f", "-")
	g.warned(t, "orphan-delete", "delete", "statefulset", "web", "--cascade=orphan")
	g.allowed(t, "", "patch", "pvc", "www-web-0", "-p", `{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`)
	g.eventuallyAllowed(t, larger, "create", "--dry-run=server", "-f", "-")
	g.allowed(t, larger, "apply", "--server-side", "-f", "-")
	g.settled(t, 1)
	if after := g.pods(t); !maps.Equal(before, after) {
		t.Errorf("the pods were %v and are %v", before, after)
	}
	g.adopted(t)
}

func scaleKeepsClaims(t *testing.T, g guard) {
	g.create(t, withClaim(builders.MakeStatefulSet()))
	g.settled(t, 3)
	before := g.claims(t)
	g.warned(t, "scale-down", "scale", "statefulset", "web", "--replicas=1")
	g.settled(t, 1)
	g.warned(t, "disruption-budget", "scale", "statefulset", "web", "--replicas=3")
	g.settled(t, 3)
	if after := g.claims(t); !maps.Equal(before, after) {
		t.Errorf("the claims were %v and are %v", before, after)
	}
}

// confirmed confirms one operation on one object with the command line.
func (g guard) confirmed(t *testing.T, object, operation string, flags ...string) {
	t.Helper()
	if output, code := g.stateward(t, "alice", append([]string{"confirm", object, operation}, flags...)...); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
}

// claims are the UIDs of all claims that there are, by name.
func (g guard) claims(t *testing.T) map[string]types.UID {
	t.Helper()
	list, err := g.Client.CoreV1().PersistentVolumeClaims(g.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]types.UID{}
	for _, claim := range list.Items {
		claims[claim.Name] = claim.UID
	}
	return claims
}

func (g guard) pods(t *testing.T) map[string]types.UID {
	t.Helper()
	list, err := g.Client.CoreV1().Pods(g.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := map[string]types.UID{}
	for _, pod := range list.Items {
		pods[pod.Name] = pod.UID
	}
	return pods
}

// hasClaims waits until there are these claims and no others.
func (g guard) hasClaims(t *testing.T, names ...string) {
	t.Helper()
	var now []string
	defer func() {
		if t.Failed() {
			t.Logf("the claims were %v", now)
		}
	}()
	eventually(t, "the claims are "+strings.Join(names, ", "), func(context.Context) (bool, error) {
		now = slices.Sorted(maps.Keys(g.claims(t)))
		return slices.Equal(now, names), nil
	})
}

// adopted waits until every pod belongs to the set that there is now.
func (g guard) adopted(t *testing.T) {
	t.Helper()
	set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pods are adopted", func(ctx context.Context) (bool, error) {
		pods, err := g.Client.CoreV1().Pods(g.namespace).List(ctx, metav1.ListOptions{})
		for _, pod := range pods.Items {
			if owner := metav1.GetControllerOf(&pod); owner == nil || owner.UID != set.UID {
				return false, err
			}
		}
		return len(pods.Items) > 0, err
	})
}

// placed puts an object into the guard's namespace.
func (g guard) placed(object metav1.Object) metav1.Object {
	object.SetNamespace(g.namespace)
	return object
}

// eventuallyAllowed repeats a command until Stateward has no word to say of it.
func (g guard) eventuallyAllowed(t *testing.T, stdin string, arguments ...string) {
	t.Helper()
	var output string
	defer func() {
		if t.Failed() {
			t.Log(output)
		}
	}()
	eventually(t, "Stateward has nothing to say", func(context.Context) (bool, error) {
		var code int
		output, code = g.kubectl(t, stdin, arguments...)
		return code == 0 && !strings.Contains(output, "["), nil
	})
}
