package environment

import (
	"fmt"
	"os"
	"path/filepath"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/cluster"
)

// Container is that of the Deployment that is installed.
func Container() (corev1.Container, error) {
	root, err := cluster.Root()
	if err != nil {
		return corev1.Container{}, err
	}
	written, err := os.ReadFile(filepath.Join(root, "manifests", "base", "deployment.yaml"))
	if err != nil {
		return corev1.Container{}, err
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict(written, &deployment); err != nil {
		return corev1.Container{}, fmt.Errorf("read manifests/base/deployment.yaml: %w", err)
	}
	return deployment.Spec.Template.Spec.Containers[0], nil
}
