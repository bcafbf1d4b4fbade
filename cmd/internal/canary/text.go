package canary

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/stateward/stateward/cmd/internal/report"
)

// Text shows the pods by revision: each pod of the new one, and of the others those that are not Ready.
func (c Canary) Text(now time.Time) string {
	var text strings.Builder
	fmt.Fprintf(&text, "statefulset/%s: partition %d, %s\n", c.Set.Name, c.Partition(), report.Plural(c.replicas(), "replica"))
	for _, name := range c.revisions() {
		pods := slices.DeleteFunc(slices.Clone(c.Pods), func(pod corev1.Pod) bool { return revision(pod) != name })
		isReady := 0
		for _, pod := range pods {
			if ready(pod) {
				isReady++
			}
		}
		fmt.Fprintf(&text, "  %s %s (%s): %s, %d Ready\n", c.role(name), name, images(pods), report.Plural(len(pods), "pod"), isReady)
		for _, pod := range pods {
			if name == c.Set.Status.UpdateRevision || !ready(pod) {
				fmt.Fprintf(&text, "    %s %s\n", pod.Name, health(pod, now))
			}
		}
	}
	return text.String()
}

// revisions are those of the pods, the new one first.
func (c Canary) revisions() (names []string) {
	for _, pod := range c.Pods {
		if name := revision(pod); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch c.Set.Status.UpdateRevision {
		case a:
			return -1
		case b:
			return 1
		default:
			return 0
		}
	})
	return names
}

func (c Canary) role(revision string) string {
	switch revision {
	case c.Set.Status.UpdateRevision:
		return "new revision"
	case c.Set.Status.CurrentRevision:
		return "current revision"
	default:
		return "other revision"
	}
}

// images are those of the first pod: all pods of a revision have the same.
func images(pods []corev1.Pod) string {
	var names []string
	for _, container := range pods[0].Spec.Containers {
		names = append(names, container.Image)
	}
	return strings.Join(names, ", ")
}

// health is how a pod is doing, and why its containers wait.
func health(pod corev1.Pod, now time.Time) string {
	state := "not Ready"
	if ready(pod) {
		state = "Ready"
	}
	restarts, reasons := 0, []string{}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		restarts += int(container.RestartCount)
		if waiting := container.State.Waiting; waiting != nil && waiting.Reason != "" {
			reasons = append(reasons, fmt.Sprintf(", %s: %s", container.Name, waiting.Reason))
		}
	}
	return fmt.Sprintf("%s for %s, %s%s", state, duration.HumanDuration(since(pod, now)), report.Plural(restarts, "restart"), strings.Join(reasons, ""))
}
