package automation

import (
	"fmt"
	"strings"
)

// Image of a database whose version is the tag's.
func Image(tag string) string { return "registry.example/postgres:" + tag }

// Database is what people deploy with Helm and from git: a set of three with its Service and budget. The image and the
// annotations of the three objects may be expressions of Helm.
func Database(image string, annotations ...string) string {
	return fmt.Sprintf(database, "{"+strings.Join(annotations, ", ")+"}", image)
}

// DatabaseState is its state, with these pods ready.
func DatabaseState(ready int, image string) []string {
	state := []string{
		fmt.Sprintf("StatefulSet db: %d of 3 ready with %s", ready, image), "Service db", "PodDisruptionBudget db",
	}
	return append(state, Claims()...)
}

// Claims are those of its pods, which stay when it goes.
func Claims() []string {
	var claims []string
	for ordinal := range 3 {
		claims = append(claims, fmt.Sprintf("PersistentVolumeClaim data-db-%d: 1Gi", ordinal))
	}
	return claims
}

const database = `apiVersion: v1
kind: Service
metadata: {name: db, labels: {app: db}, annotations: %[1]s}
spec:
  clusterIP: None
  selector: {app: db}
  ports: [{name: postgres, port: 5432}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db, labels: {app: db}, annotations: %[1]s}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: db}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, labels: {app: db}, annotations: %[1]s}
spec:
  serviceName: db
  replicas: 3
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: postgres
          image: %[2]q
          ports: [{name: postgres, containerPort: 5432}]
          readinessProbe: {tcpSocket: {port: postgres}}
          volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
`
