package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stateward/stateward/test/builders"
)

// keeping is a storage class whose volumes outlive their claims.
const keeping = "keeping"

// brokenAddress is that of a pod with a bad image.
const brokenAddress = "192.0.2.1"

// retained gives a set volumes that are kept.
func retained(set *builders.StatefulSet) {
	class := keeping
	set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName = &class
}

// drawnPlan draws a set and a change of it.
func drawnPlan(random *rand.Rand) planned {
	test, start := drawnSet(random)
	replicas := test.left
	pod := fmt.Sprintf("web-%d", start+random.Int32N(replicas))
	switch random.IntN(8) {
	case 0:
		test.plan, test.act = []string{"--image", "sts/web=" + newImage}, setImage(newImage)
	case 1:
		test.left = (replicas + 1 + random.Int32N(4)) % 5
		test.plan = []string{"--scale", fmt.Sprintf("sts/web=%d", test.left)}
		test.act = []string{"scale", "statefulset", "web", fmt.Sprintf("--replicas=%d", test.left)}
	case 2:
		cascade := []string{"background", "foreground", "orphan"}[random.IntN(3)]
		test.plan = []string{"--delete", "sts/web", "--cascade", cascade}
		test.act = []string{"delete", "statefulset", "web", "--cascade=" + cascade}
		test.left = 0
	case 3:
		test.plan, test.act = []string{"--delete", "pod/" + pod}, []string{"delete", "pod", pod}
	case 4:
		test.plan, test.act = []string{"--image", "sts/web=" + oldImage}, setImage(oldImage)
		drawn := test.set
		parallel := random.IntN(2) == 0
		test.broken = fmt.Sprintf("web-%d", start+replicas-1)
		test.set = func(set *builders.StatefulSet) {
			drawn(set)
			set.Partition(0).Spec.PodManagementPolicy = appsv1.OrderedReadyPodManagement
			if parallel {
				set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
			}
		}
		if !parallel {
			test.left--
		}
	case 5:
		test.plan, test.act = []string{"--delete", "svc/nginx"}, []string{"delete", "service", "nginx"}
	case 6:
		test.plan, test.act = []string{"--delete", "pvc/www-" + pod}, []string{"delete", "pvc", "www-" + pod, "--wait=false"}
		test.restart = pod
	default:
		test.plan, test.act = []string{"--delete", "ns/NAMESPACE"}, []string{"delete", "namespace", "NAMESPACE", "--wait=false"}
		test.left = 0
	}
	return test
}

// drawnSet draws a StatefulSet of one to four pods.
func drawnSet(random *rand.Rand) (test planned, start int32) {
	replicas := 1 + random.Int32N(4)
	policies := []appsv1.PersistentVolumeClaimRetentionPolicyType{
		appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
	}
	start, partition, parallel := random.Int32N(2)*3, random.Int32N(2)*random.Int32N(replicas+1), random.IntN(2) == 0
	claims, keeps, waits := retention(policies[random.IntN(2)], policies[random.IntN(2)]), random.IntN(2) == 0, random.Int32N(2)
	atOnce, byHand := intstr.FromInt32(1+random.Int32N(3)), random.IntN(6) == 0
	return planned{left: replicas, set: func(set *builders.StatefulSet) {
		set.Replicas(replicas).Partition(partition)
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: start}
		set.Spec.MinReadySeconds = waits
		if parallel {
			set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement
			set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = &atOnce
		}
		if byHand {
			set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
		}
		claims(set)
		if keeps {
			retained(set)
		}
	}}, start
}

// breaks gives a set a bad image, and its highest pod the status that a kubelet writes for it.
func (g guard) breaks(t *testing.T, pod string) {
	t.Helper()
	g.act(t, setImage(badImage))
	pods := g.Client.CoreV1().Pods(g.namespace)
	eventually(t, pod+" has the bad image", func(ctx context.Context) (bool, error) {
		got, err := pods.Get(ctx, pod, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		if err != nil || got.Spec.Containers[0].Image != badImage || got.Spec.NodeName == "" || got.DeletionTimestamp != nil {
			return false, err
		}
		// A pod gets its address before its images are pulled.
		got.Status.PodIP = brokenAddress
		got.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: got.Spec.Containers[0].Name, Image: badImage,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}},
		}}
		_, err = pods.UpdateStatus(ctx, got, metav1.UpdateOptions{})
		if apierrors.IsConflict(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// observed is what a cluster holds of a StatefulSet.
type observed struct {
	pods, claims map[string]types.UID
	// volumes have the UIDs of the claims that they are bound to.
	volumes map[string]types.UID
	// names are those of pods that CoreDNS knows, or not.
	names map[string]bool
}

// observe reads what there is, and asks CoreDNS for all pods and for earlier names.
func (g guard) observe(t *testing.T, earlier map[string]bool) observed {
	t.Helper()
	seen := observed{pods: g.pods(t), claims: g.claims(t), volumes: map[string]types.UID{}, names: map[string]bool{}}
	volumes, err := g.Client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, volume := range volumes.Items {
		if claim := volume.Spec.ClaimRef; claim != nil && claim.Namespace == g.namespace {
			seen.volumes[volume.Name] = claim.UID
		}
	}
	for pod := range seen.pods {
		seen.names[pod+".nginx."+g.namespace+".svc"] = false
	}
	for name := range earlier {
		seen.names[name] = false
	}
	for name := range seen.names {
		seen.names[name] = g.resolves(t, name)
	}
	return seen
}

// resolved is what there is once CoreDNS knows all pods but a nameless one.
func (g guard) resolved(t *testing.T, nameless string) (seen observed) {
	t.Helper()
	eventually(t, "CoreDNS knows the pods", func(context.Context) (bool, error) {
		seen = g.observe(t, nil)
		for name, known := range seen.names {
			if known == (nameless != "" && strings.HasPrefix(name, nameless+".")) {
				return false, nil
			}
		}
		return true, nil
	})
	return seen
}

func (g guard) resolves(t *testing.T, name string) bool {
	t.Helper()
	_, err := g.Resolver().LookupHost(t.Context(), name+".cluster.local.")
	var missing *net.DNSError
	if err != nil && (!errors.As(err, &missing) || !missing.IsNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// compared says what became of what there was. A pod or claim that has another UID was replaced.
func compared(before, after observed) (got foretold) {
	for name, uid := range before.pods {
		switch now, there := after.pods[name]; {
		case !there:
			got.Stops = append(got.Stops, name)
		case now != uid:
			got.Restarts = append(got.Restarts, name)
		}
	}
	for name := range after.pods {
		if _, there := before.pods[name]; !there {
			got.Starts = append(got.Starts, name)
		}
	}
	gone := map[types.UID]bool{}
	for name, uid := range before.claims {
		if after.claims[name] != uid {
			gone[uid] = true
			got.DeletedClaims = append(got.DeletedClaims, name)
		}
	}
	for volume, claim := range before.volumes {
		switch _, there := after.volumes[volume]; {
		case !there:
			got.Lost = append(got.Lost, volume)
		case gone[claim]:
			got.Kept = append(got.Kept, volume)
		}
	}
	for name, resolves := range after.names {
		switch {
		case before.names[name] && !resolves:
			got.NamesGone = append(got.NamesGone, name)
		case !before.names[name] && resolves:
			got.NewNames = append(got.NewNames, name)
		}
	}
	return got.sorted()
}
