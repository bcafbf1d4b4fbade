package forecast

import (
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies/forecast"
)

// mostRounds is far above what a scenario with six pods needs.
const mostRounds = 150

// run runs rounds of the controller and of what is around it, and reports whether nothing changes any more. It writes its own
// steps: none of the model's code runs here.
func (c *cluster) run(rounds int) (settled bool) {
	if rounds == 0 {
		rounds = mostRounds
	}
	for c.round = 1; c.round <= rounds; c.round++ {
		c.changed = false
		if c.set != nil {
			// An error is retried in the next round, as by the controller's queue.
			_ = c.sync()
		}
		c.kubelet()
		c.collectGarbage()
		if !c.changed && !c.waits() {
			return true
		}
	}
	return false
}

func (c *cluster) sortedPods() (pods []*corev1.Pod) {
	for _, each := range c.podList() {
		pods = append(pods, c.pods[each.Name])
	}
	return pods
}

// kubelet ends pods that are being deleted, and starts those whose claims exist.
func (c *cluster) kubelet() {
	for _, pod := range c.sortedPods() {
		if pod.DeletionTimestamp != nil {
			delete(c.pods, pod.Name)
			c.step(forecast.Step{Kind: forecast.PodGone, Object: pod.Name})
		}
	}
	for _, pod := range c.sortedPods() {
		switch {
		case isReady(pod), len(pod.Status.ContainerStatuses) > 0, pod.Status.Phase == corev1.PodFailed, pod.Status.Phase == corev1.PodSucceeded:
		case strings.HasPrefix(pod.Spec.Containers[0].Image, "bad") && pod.Status.Phase == corev1.PodPending:
			setWaiting(pod, "ImagePullBackOff")
		case c.canMount(pod):
			setStatus(pod, corev1.PodRunning, true, c.time())
			c.step(forecast.Step{Kind: forecast.PodReady, Object: pod.Name, Revision: revisionOf(pod)})
		}
	}
}

func (c *cluster) canMount(pod *corev1.Pod) bool {
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		claim := c.claims[volume.PersistentVolumeClaim.ClaimName]
		if claim == nil || claim.DeletionTimestamp != nil {
			return false
		}
	}
	return true
}

// collectGarbage deletes claims whose owners are all gone, and removes those that are deleted once no pod uses them.
func (c *cluster) collectGarbage() {
	for _, key := range slices.Sorted(maps.Keys(c.claims)) {
		claim := c.claims[key]
		var left []metav1.OwnerReference
		for _, owner := range claim.OwnerReferences {
			if c.exists(owner.UID) {
				left = append(left, owner)
			}
		}
		switch {
		case len(left) == len(claim.OwnerReferences):
		case len(left) > 0:
			c.own(key, left)
		default:
			c.deleteClaim(claim)
		}
		if claim.DeletionTimestamp != nil && !c.isUsed(claim.Name) {
			delete(c.claims, claim.Name)
			c.step(forecast.Step{Kind: forecast.ClaimGone, Object: claim.Name})
		}
	}
	if c.set != nil && c.set.DeletionTimestamp != nil && len(c.pods) == 0 {
		c.removeSet()
		c.collectGarbage()
	}
}

func (c *cluster) removeSet() {
	c.set = nil
	c.step(forecast.Step{Kind: forecast.SetDeleted, Object: name})
}

func (c *cluster) deleteClaim(claim *corev1.PersistentVolumeClaim) {
	if claim.DeletionTimestamp == nil {
		now := c.time()
		claim.DeletionTimestamp = &now
		c.step(forecast.Step{Kind: forecast.ClaimDeleted, Object: claim.Name})
	}
}

func (c *cluster) exists(owner types.UID) bool {
	if c.set != nil && c.set.UID == owner {
		return true
	}
	for _, pod := range c.pods {
		if pod.UID == owner {
			return true
		}
	}
	return false
}

func (c *cluster) isUsed(claim string) bool {
	for _, pod := range c.pods {
		for _, volume := range pod.Spec.Volumes {
			if volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ClaimName == claim {
				return true
			}
		}
	}
	return false
}

// waits moves the time on to when the next pod is available.
func (c *cluster) waits() bool {
	if c.set == nil || c.set.DeletionTimestamp != nil {
		return false
	}
	next := -1
	for _, pod := range c.pods {
		if !isReady(pod) {
			continue
		}
		at := int(pod.Status.Conditions[0].LastTransitionTime.Sub(c.start).Seconds()) + int(c.set.Spec.MinReadySeconds)
		if at > c.now && (next < 0 || at < next) {
			next = at
		}
	}
	if next < 0 {
		return false
	}
	c.step(forecast.Step{Kind: forecast.Waits, Object: name, Seconds: next - c.now})
	sleep(time.Duration(next-c.now) * time.Second)
	c.now = next
	return true
}
