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

func TestCheckSeesWhatIsThereAlready(t *testing.T) {
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
