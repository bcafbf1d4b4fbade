package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
)

const (
	headless = "apiVersion: v1\nkind: Service\nmetadata: {name: nginx, namespace: data}\nspec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}\n"
	alone    = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.27.4, readinessProbe: {tcpSocket: {port: 80}}, ports: [{containerPort: 80}], volumeMounts: [{name: www, mountPath: /www}]}]}
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 2Gi}}}
`
	claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: www-web-0, namespace: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
`
	class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: NAME}\nprovisioner: example.com/disk\nallowVolumeExpansion: true\n"
)

func TestCheckReadsObjectsOfTheCluster(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		data []string
		code int
		// want and not are rules that speak and that do not.
		want, not []string
	}{
		"nothing is known": {code: cli.ExitViolations, want: []string{"headless-service"}, not: []string{"storage-class", "claim-reuse"}},
		"the Service is there": {
			data: []string{headless}, code: cli.ExitClean, not: []string{"headless-service", "storage-class", "claim-reuse"},
		},
		"another Service is there": {
			data: []string{strings.ReplaceAll(headless, "nginx", "other")}, code: cli.ExitViolations, want: []string{"headless-service"},
		},
		"a Service in another namespace": {
			data: []string{strings.ReplaceAll(headless, "data", "other")}, code: cli.ExitViolations, want: []string{"headless-service"},
		},
		"all classes are there": {data: []string{headless, strings.ReplaceAll(class, "NAME", "fast")}, code: cli.ExitClean, not: []string{"storage-class"}},
		"all classes are there but the one": {
			data: []string{headless, strings.ReplaceAll(class, "NAME", "slow")}, code: cli.ExitViolations, want: []string{"storage-class"},
		},
		"a claim is left over": {data: []string{headless, claim}, code: cli.ExitClean, want: []string{"claim-reuse"}},
		"a claim of the set that is there": {
			data: []string{headless, claim, strings.Replace(alone, "name: web", "name: web, namespace: data", 1)}, code: cli.ExitClean, not: []string{"claim-reuse"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := []string{"check", "-n", "data", "-"}
			if len(test.data) > 0 {
				file := filepath.Join(t.TempDir(), "data.yaml")
				if err := os.WriteFile(file, []byte(strings.Join(test.data, "---\n")), 0o600); err != nil {
					t.Fatal(err)
				}
				arguments = append(arguments, "--data", file)
			}
			stdout, stderr, code := run(t, alone, arguments...)
			if code != test.code {
				t.Errorf("exit code %d, not %d: %s%s", code, test.code, stdout, stderr)
			}
			for _, rule := range test.want {
				if !strings.Contains(stdout, "["+rule+"]") {
					t.Errorf("no %s in %s", rule, stdout)
				}
			}
			for _, rule := range test.not {
				if strings.Contains(stdout, "["+rule+"]") {
					t.Errorf("%s in %s", rule, stdout)
				}
			}
		})
	}
}

// TestCheckReadsRunningObjectsFromData checks recorded requests beside an export of what they are about.
func TestCheckReadsRunningObjectsFromData(t *testing.T) {
	t.Parallel()
	recorded := func(operation, kind, resource, field, object string) string {
		return "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  uid: a\n  operation: " + operation +
			"\n  kind: " + kind + "\n  resource: " + resource + "\n  namespace: data\n  userInfo: {username: alice}\n  " + field + ":\n    " +
			strings.ReplaceAll(strings.TrimSpace(object), "\n", "\n    ") + "\n"
	}
	create := recorded("CREATE", "{group: apps, version: v1, kind: StatefulSet}", "{group: apps, version: v1, resource: statefulsets}",
		"object", strings.ReplaceAll(alone, "nginx:1.27.4", "nginx:2.0.0"))
	remove := recorded("DELETE", `{group: "", version: v1, kind: PersistentVolumeClaim}`, `{group: "", version: v1, resource: persistentvolumeclaims}`,
		"oldObject", strings.ReplaceAll(claim, "{accessModes", "{volumeName: disk, accessModes"))
	pod := `apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: data, labels: {app: web}}
spec:
  hostname: web-0
  containers: [{name: web, image: "nginx:1.27.4"}]
  volumes: [{name: www, persistentVolumeClaim: {claimName: www-web-0}}]
`
	revision := `apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: web-7d4b5c6f9, namespace: data, labels: {app: web}}
revision: 1
data: {spec: {template: {spec: {containers: [{name: web, image: "nginx:1.27.4"}]}}}}
`
	volume := "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec: {persistentVolumeReclaimPolicy: Delete}\n"
	for name, test := range map[string]struct{ review, data, want string }{
		"pods":                {create, headless + "---\n" + pod, `from "nginx:1.27.4" of pod web-0 to "nginx:2.0.0"`},
		"ControllerRevisions": {create, headless + "---\n" + claim + "---\n" + revision, `from "nginx:1.27.4" of revision web-7d4b5c6f9 to "nginx:2.0.0"`},
		"PersistentVolumes":   {remove, pod + "---\n" + volume, "its disk and the data are DELETED with it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "data.yaml")
			if err := os.WriteFile(file, []byte(test.data), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, code := run(t, test.review, "check", "-n", "data", "--data", file, "-")
			if code != cli.ExitViolations || !strings.Contains(stdout, test.want) {
				t.Errorf("exit code %d, no %q in %s%s", code, test.want, stdout, stderr)
			}
		})
	}
}
