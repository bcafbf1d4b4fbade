package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// MissingImage ends the name of an image that no registry has: a pod with such a container is never ready.
const MissingImage = "404"

// readyStage is kwok's stage that makes a pod ready.
const readyStage = "pod-ready.yaml"

// maxNodes keeps the nodes' pod networks inside 10.0.0.0/8.
const maxNodes = 100

func (c *Cluster) nodeNames() []string {
	var names []string
	for i := range c.options.Nodes {
		names = append(names, fmt.Sprintf("node-%d", i))
	}
	return names
}

func (c *Cluster) kubelets() []Identity {
	var identities []Identity
	for _, node := range c.nodeNames() {
		identities = append(identities, kubeletIdentity(node))
	}
	return identities
}

// kubeletRules are the rights that kwok uses in a kubelet's place.
func kubeletRules() []rbacv1.PolicyRule {
	read := []string{"get", "list", "watch"}
	write := []string{"get", "list", "watch", "create", "update", "patch", "delete"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: read},
		{APIGroups: []string{""}, Resources: []string{"nodes/status", "pods/status"}, Verbs: []string{"patch", "update"}},
		{APIGroups: []string{""}, Resources: []string{"pods", "events"}, Verbs: write},
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: write},
	}
}

// startNodes creates the nodes and starts one kwok for each in the place of
// its kubelet. Each acts under its own node's name, so that a guardrail sees
// the deletion of a pod come from the very node that the pod is on.
func (c *Cluster) startNodes(ctx context.Context) error {
	if c.options.Nodes == 0 {
		return nil
	}
	stages, err := kwokStages(ctx)
	if err != nil {
		return fmt.Errorf("find kwok's stages: %w", err)
	}
	if stages, err = c.withMissingImages(stages); err != nil {
		return fmt.Errorf("tell kwok of missing images: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, node := range c.nodeNames() {
		group.Go(func() error { return c.startNode(ctx, node, i, stages) })
	}
	return group.Wait()
}

func (c *Cluster) startNode(ctx context.Context, name string, index int, stages []string) error {
	if err := c.createNode(ctx, name); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return c.startKwok(ctx, name, index, stages)
}

func (c *Cluster) createNode(ctx context.Context, name string) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:        name,
		Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
		Labels: map[string]string{
			corev1.LabelHostname:   name,
			corev1.LabelOSStable:   "linux",
			corev1.LabelArchStable: "amd64",
		},
	}}
	_, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	return err
}

func (c *Cluster) startKwok(ctx context.Context, node string, index int, stages []string) error {
	name := "kwok-" + node
	kubeconfig, err := c.ownKubeconfig(name, kubeletIdentity(node))
	if err != nil {
		return err
	}
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--manage-single-node=" + node,
		"--node-name=" + node,
		// The API server turns to this address when it is asked for a pod's
		// logs. No program listens there, which is the answer.
		"--node-ip=127.0.0.1",
		fmt.Sprintf("--cidr=10.%d.0.0/16", 64+index),
		// A kwok that was started again takes its node over when the lease of
		// the one before has run out (or was deleted), so the lease is shorter than a kubelet's.
		"--node-lease-duration-seconds=10",
	}
	for _, stage := range stages {
		args = append(args, "--config="+stage)
	}
	_, err = c.launch(ctx, component{
		name:    name,
		command: func([]int) (string, []string) { return c.binaries["kwok"], args },
		ready:   func([]int) probe { return c.nodeReady(node) },
	})
	return err
}

// nodeReady wants the node to be ready and free of taints: the controllers take
// the taints of a new node away a moment after it became ready.
func (c *Cluster) nodeReady(name string) probe {
	return func(ctx context.Context) error {
		node, err := c.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		ready := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		})
		if !ready || len(node.Spec.Taints) > 0 {
			return fmt.Errorf("%s is not ready to take pods: taints %v", name, node.Spec.Taints)
		}
		return nil
	}
}

// kwokStages returns the files that tell kwok what to do with nodes and pods.
// They belong to kwok's module.
func kwokStages(ctx context.Context) ([]string, error) {
	folder, err := ModuleFolder(ctx, "kwok", "sigs.k8s.io/kwok")
	if err != nil {
		return nil, err
	}
	stages := filepath.Join(folder, "kustomize", "stage")
	return []string{
		filepath.Join(stages, "node", "fast", "node-initialize.yaml"),
		filepath.Join(stages, "pod", "fast", readyStage),
		filepath.Join(stages, "pod", "fast", "pod-complete.yaml"),
		filepath.Join(stages, "pod", "fast", "pod-delete.yaml"),
	}, nil
}

// withMissingImages puts a copy of the stage that makes pods ready in its place, which leaves out those with a
// MissingImage.
func (c *Cluster) withMissingImages(stages []string) ([]string, error) {
	replaced := slices.Clone(stages)
	for index, file := range stages {
		if filepath.Base(file) != readyStage {
			continue
		}
		replaced[index] = filepath.Join(c.dir, readyStage)
		if err := leaveOutMissingImages(file, replaced[index]); err != nil {
			return nil, err
		}
	}
	return replaced, nil
}

func leaveOutMissingImages(from, to string) error {
	source, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var stage map[string]any
	if err := yaml.Unmarshal(source, &stage); err != nil {
		return err
	}
	path := []string{"spec", "selector", "matchExpressions"}
	expressions, _, err := unstructured.NestedSlice(stage, path...)
	if err != nil {
		return err
	}
	expressions = append(expressions, map[string]any{
		"key":      fmt.Sprintf(".spec.containers.[].image | select(endswith(%q))", MissingImage),
		"operator": "DoesNotExist",
	})
	if err := unstructured.SetNestedSlice(stage, expressions, path...); err != nil {
		return err
	}
	changed, err := yaml.Marshal(stage)
	if err != nil {
		return err
	}
	return os.WriteFile(to, changed, 0o600)
}
