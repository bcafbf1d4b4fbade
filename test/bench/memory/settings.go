package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/cluster"
)

// settings are the environment variables of the Deployment, as NAME=VALUE.
func settings() ([]string, error) {
	root, err := cluster.Root()
	if err != nil {
		return nil, err
	}
	written, err := os.ReadFile(filepath.Join(root, "manifests", "base", "deployment.yaml"))
	if err != nil {
		return nil, err
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict(written, &deployment); err != nil {
		return nil, fmt.Errorf("read manifests/base/deployment.yaml: %w", err)
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	var variables []string
	for _, each := range container.Env {
		value, err := valueOf(each, container.Resources)
		if err != nil {
			return nil, fmt.Errorf("read manifests/base/deployment.yaml: %s: %w", each.Name, err)
		}
		variables = append(variables, each.Name+"="+value)
	}
	return variables, nil
}

// valueOf does for a variable what a kubelet does.
func valueOf(variable corev1.EnvVar, resources corev1.ResourceRequirements) (string, error) {
	if variable.ValueFrom == nil {
		return variable.Value, nil
	}
	from := variable.ValueFrom.ResourceFieldRef
	if from == nil || !from.Divisor.IsZero() {
		return "", fmt.Errorf("give it a value, or a resourceFieldRef without divisor")
	}
	switch from.Resource {
	case "limits.memory":
		return strconv.FormatInt(resources.Limits.Memory().Value(), 10), nil
	case "requests.memory":
		return strconv.FormatInt(resources.Requests.Memory().Value(), 10), nil
	default:
		return "", fmt.Errorf("it is of %s and can be of limits.memory or requests.memory", from.Resource)
	}
}
