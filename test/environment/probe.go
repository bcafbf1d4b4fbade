package environment

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/test/cluster"
)

// probe is a StatefulSet that every entry point denies and no cluster keeps. Both entries and the mutation must be at work:
// without the mutation the API server itself rejects it, because it has no selector.
func probe() io.Reader {
	return strings.NewReader(`apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: stateward-probe
  namespace: default
spec:
  serviceName: ""
  replicas: 2
  template:
    metadata:
      labels: {app: stateward-probe}
    spec:
      containers:
        - name: probe
          image: probe:latest
`)
}

func denied(output cluster.Output) error {
	if !strings.Contains(output.Stderr, "[headless-service]") {
		return fmt.Errorf("a StatefulSet without Service is not denied yet: %s", output.Stderr)
	}
	return nil
}
