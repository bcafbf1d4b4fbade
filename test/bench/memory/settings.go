package main

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/test/environment"
)

// settings are the environment variables of the Deployment, as NAME=VALUE.
func settings() ([]string, error) {
	container, err := environment.Container()
	if err != nil {
		return nil, err
	}
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
