package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// setsPerNamespace is how many StatefulSets live together.
const setsPerNamespace = 40

// write writes so many manifests into a new folder, and returns it. Of ten, one is a StatefulSet, with what people ship
// beside it.
func write(folder string, manifests, perFile int) (string, error) {
	corpus, err := os.MkdirTemp(folder, "corpus")
	if err != nil {
		return "", err
	}
	for first := 0; first < manifests; first += perFile {
		var file strings.Builder
		for index := first; index < min(first+perFile, manifests); index++ {
			file.WriteString("---\n" + manifest(index))
		}
		name := filepath.Join(corpus, fmt.Sprintf("%06d.yaml", first))
		if err := os.WriteFile(name, []byte(file.String()), 0o600); err != nil {
			return "", err
		}
	}
	return corpus, nil
}

func manifest(index int) string {
	set := index / 10
	fill := strings.NewReplacer("NAME", fmt.Sprintf("db-%d", set), "SPACE", fmt.Sprintf("team-%d", set/setsPerNamespace),
		"INDEX", strconv.Itoa(index%10))
	switch index % 10 {
	case 0:
		return fill.Replace(statefulSet)
	case 1:
		return fill.Replace(service)
	case 2:
		return fill.Replace(budget)
	case 3, 4:
		return fill.Replace(deployment)
	default:
		return fill.Replace(configMap)
	}
}

const statefulSet = `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: NAME
  namespace: SPACE
  labels: {app: NAME, tier: database}
spec:
  serviceName: NAME
  replicas: 3
  selector:
    matchLabels: {app: NAME}
  template:
    metadata:
      labels: {app: NAME, tier: database}
    spec:
      terminationGracePeriodSeconds: 60
      securityContext: {runAsNonRoot: true, fsGroup: 999}
      containers:
        - name: db
          image: registry.example/db:16.4
          ports: [{containerPort: 5432, name: db}]
          env:
            - {name: PGDATA, value: /data/db}
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: NAME, key: password}}
          readinessProbe: {exec: {command: [ready]}, periodSeconds: 5}
          livenessProbe: {exec: {command: [alive]}, periodSeconds: 10}
          resources:
            requests: {cpu: 500m, memory: 1Gi}
            limits: {memory: 1Gi}
          volumeMounts: [{name: data, mountPath: /data}, {name: config, mountPath: /etc/db}]
      volumes:
        - name: config
          configMap: {name: NAME-5}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: fast
        resources: {requests: {storage: 10Gi}}
`

const service = `apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: SPACE}
spec:
  clusterIP: None
  selector: {app: NAME}
  ports: [{port: 5432, name: db}]
`

const budget = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: NAME, namespace: SPACE}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: NAME}
`

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME-INDEX, namespace: SPACE}
spec:
  replicas: 2
  selector:
    matchLabels: {app: NAME-INDEX}
  template:
    metadata:
      labels: {app: NAME-INDEX}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.2.3
          ports: [{containerPort: 8080, name: http}]
          readinessProbe: {httpGet: {path: /ready, port: http}}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
            limits: {memory: 64Mi}
`

const configMap = `apiVersion: v1
kind: ConfigMap
metadata: {name: NAME-INDEX, namespace: SPACE}
data:
  db.conf: |
    max_connections = 100
    shared_buffers = 256MB
`
