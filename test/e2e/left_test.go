package e2e_test

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stateward/stateward/test/builders"
)

// TestPodsThatASetLeft deletes a StatefulSet without its pods, takes away what they need, and creates it again with fewer
// replicas: its controller would delete the claims of the others.
func TestPodsThatASetLeft(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, scaledWithData(3))
	g.settled(t, 3)
	g.allowed(t, "", "create", "poddisruptionbudget", "web", "--selector=app=nginx", "--max-unavailable=1")
	g.warned(t, "orphan-delete", "delete", "statefulset", "web", "--cascade=orphan")

	again := func(replicas int32) string { return string(builders.JSON(g.placed(scaledWithData(replicas)))) }
	eventually(t, "pods without their set are known", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, again(1), "create", "--dry-run=server", "-f", "-")
		return code != 0 && strings.Contains(output, "1 deletes 2Gi of data with www-web-1, www-web-2"), nil
	})
	g.says(t, true, again(0), []string{"[scale-down-data]", "0 deletes 3Gi of data"}, "create", "-f", "-")
	g.denied(t, "budget-in-use", "delete", "poddisruptionbudget", "web")
	g.denied(t, "service-in-use", "patch", "service", "nginx", "-p", `{"spec":{"selector":{"app":"other"}}}`)
	g.says(t, false, again(3), []string{"created"}, "create", "-f", "-")
	g.settled(t, 3)
}

// TestPodThatIsGivenAnotherController forces the deletion of a pod that its StatefulSet no longer owns, and makes a claim hang on
// a pod.
func TestPodThatIsGivenAnotherController(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Replicas(1)))
	g.settled(t, 1)
	uid := func(object string) string {
		output, _ := g.kubectl(t, "", "get", object, "-o", "jsonpath={.metadata.uid}")
		return strings.TrimSpace(output)
	}
	give := []string{"patch", "persistentvolumeclaim", "www-web-0", "--type=merge", "--dry-run=server", "-p", ownedBy("v1", "Pod", "web-0", uid("pod/web-0"), false)}
	g.denied(t, "owner-reference", give...)
	g.warned(t, "owner-reference", append(g.as(t, "system:serviceaccount:"+g.namespace+":operator"), give...)...)

	g.allowed(t, "", "create", "configmap", "other")
	g.allowed(t, "", "patch", "pod", "web-0", "--type=merge", "-p", ownedBy("v1", "ConfigMap", "other", uid("configmap/other"), true))
	g.denied(t, "force-delete-pod", "delete", "pod", "web-0", "--grace-period=0", "--force")
}

// scaledWithData has claims that go with each scale-down.
func scaledWithData(replicas int32) *builders.StatefulSet {
	return withClaim(builders.MakeStatefulSet().Replicas(replicas)).
		Retention(appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType)
}
