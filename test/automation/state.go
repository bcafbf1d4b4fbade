package automation

import (
	"fmt"
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// State describes what a database is made of, one line an object: StatefulSets, Services, budgets and claims.
func (c Cluster) State(t *testing.T, namespace string) []string {
	t.Helper()
	var state []string
	sets, err := c.Client.AppsV1().StatefulSets(namespace).List(t.Context(), metav1.ListOptions{})
	Must(t, err)
	for _, set := range sets.Items {
		state = append(state, describe(set))
	}
	services, err := c.Client.CoreV1().Services(namespace).List(t.Context(), metav1.ListOptions{})
	Must(t, err)
	for _, service := range services.Items {
		state = append(state, "Service "+service.Name)
	}
	budgets, err := c.Client.PolicyV1().PodDisruptionBudgets(namespace).List(t.Context(), metav1.ListOptions{})
	Must(t, err)
	for _, budget := range budgets.Items {
		state = append(state, "PodDisruptionBudget "+budget.Name)
	}
	claims, err := c.Client.CoreV1().PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	Must(t, err)
	for _, claim := range claims.Items {
		state = append(state, fmt.Sprintf("PersistentVolumeClaim %s: %s", claim.Name, claim.Spec.Resources.Requests.Storage()))
	}
	return state
}

// describe counts the pods that are ready and have the set's own revision.
func describe(set appsv1.StatefulSet) string {
	var images []string
	for _, container := range set.Spec.Template.Spec.Containers {
		images = append(images, container.Image)
	}
	settled := min(set.Status.ReadyReplicas, set.Status.UpdatedReplicas)
	if set.Status.ObservedGeneration != set.Generation {
		settled = 0
	}
	return fmt.Sprintf("StatefulSet %s: %d of %d ready with %s", set.Name, settled, *set.Spec.Replicas, strings.Join(images, ", "))
}

// tail returns the end of a file.
func tail(t *testing.T, path string) string {
	t.Helper()
	const most = 8000
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-most):])
}
