package apirules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/apirules"
)

func TestRefusalsOfPodTemplatesMatchTheAPIServer(t *testing.T) {
	t.Parallel()
	const spec, a, b = "spec.template.spec", "spec.template.spec.containers[0]", "spec.template.spec.initContainers[0]"
	for name, test := range map[string]struct {
		pod  string
		want []string
	}{
		"nothing to refuse": {
			`containers: [{name: a, image: i, env: [{name: A}], readinessProbe: {httpGet: {port: web}}, ports: [{name: web, containerPort: 80}],
			  resources: {requests: {cpu: 1}, limits: {cpu: 1000m}}, volumeMounts: [{name: v, mountPath: /v, subPath: a..b/c}]}]
			initContainers: [{name: s, image: i, restartPolicy: Always, startupProbe: {exec: {command: [x]}}}]
			volumes: [{name: v, emptyDir: {}}, {name: w}]
			tolerations: [{operator: Exists}, {key: a, operator: Equal, value: b, effect: NoExecute}]`, nil,
		},
		"a deadline": {
			"activeDeadlineSeconds: 5\ncontainers: [{name: a, image: i}]",
			[]string{spec + ".activeDeadlineSeconds not allowed here: a StatefulSet's pods have no deadline"},
		},
		"two of one name": {
			"containers: [{name: a, image: i}, {name: a, image: i}]",
			[]string{`spec.template.spec.containers[1].name "a" is refused by API servers: must be unique`},
		},
		"a volume of two kinds": {
			"containers: [{name: a, image: i}]\nvolumes: [{name: v, emptyDir: {}, hostPath: {path: /}}]",
			[]string{spec + ".volumes[0] not allowed here: a volume has one source"},
		},
		"folders out of the volume": {
			"containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /a, subPath: ../x}, {name: v, mountPath: /b, subPathExpr: /x}]}]",
			[]string{
				a + `.volumeMounts[0].subPath "../x" is refused by API servers: must not contain '..'`,
				a + `.volumeMounts[1].subPathExpr "/x" is refused by API servers: must be a relative path`,
			},
		},
		"a folder twice": {
			"containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /a, subPath: x, subPathExpr: x}]}]",
			[]string{a + ".volumeMounts[0].subPathExpr not allowed here: subPath is set too"},
		},
		"probes": {
			`containers: [{name: a, image: i, readinessProbe: {}, livenessProbe: {exec: {}, tcpSocket: {port: 0}},
			  startupProbe: {httpGet: {port: 80, scheme: https}, periodSeconds: -1}}]`,
			[]string{
				a + ".readinessProbe must be set: a probe has one of exec, httpGet, tcpSocket and grpc",
				a + ".livenessProbe.exec.command must be set",
				a + ".livenessProbe.tcpSocket.port 0 is refused by API servers: must be between 1 and 65535, inclusive",
				a + ".livenessProbe not allowed here: a probe has only one of exec, httpGet, tcpSocket and grpc",
				a + `.startupProbe.httpGet.scheme "https" is refused by API servers: supported values: "HTTP", "HTTPS"`,
				a + ".startupProbe.periodSeconds -1 is refused by API servers: must not be negative",
			},
		},
		"a probe of gRPC": {
			"containers: [{name: a, image: i, readinessProbe: {grpc: {port: 70000}}}]",
			[]string{a + ".readinessProbe.grpc.port 70000 is refused by API servers: must be between 1 and 65535, inclusive"},
		},
		"what an init container cannot have": {
			`containers: [{name: a, image: i}]
			initContainers: [{name: b, image: i, lifecycle: {}, livenessProbe: {grpc: {port: 1}}, readinessProbe: {grpc: {port: 1}}, startupProbe: {grpc: {port: 1}}}]`,
			[]string{
				b + ".lifecycle not allowed here: only with restartPolicy: Always in an init container",
				b + ".livenessProbe not allowed here: only with restartPolicy: Always in an init container",
				b + ".readinessProbe not allowed here: only with restartPolicy: Always in an init container",
				b + ".startupProbe not allowed here: only with restartPolicy: Always in an init container",
			},
		},
		"variables": {
			"containers: [{name: a, image: i, env: [{value: x}, {name: B, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]",
			[]string{a + ".env[0].name must be set", a + ".env[1].valueFrom not allowed here: a value is set too"},
		},
		"quantities": {
			"containers: [{name: a, image: i, resources: {requests: {cpu: 2, memory: -1}, limits: {cpu: 1, memory: -1}}}]",
			[]string{
				a + `.resources.limits.memory "-1" is refused by API servers: must not be negative`,
				a + `.resources.requests.cpu "2" is refused by API servers: must not be more than the limit, 1`,
				a + `.resources.requests.memory "-1" is refused by API servers: must not be negative`,
			},
		},
		"users": {
			"containers: [{name: a, image: i, securityContext: {runAsUser: -1}}]\nsecurityContext: {runAsGroup: -1}",
			[]string{
				spec + ".securityContext.runAsGroup -1 is refused by API servers: must not be negative",
				a + ".securityContext.runAsUser -1 is refused by API servers: must not be negative",
			},
		},
		"placement": {
			`containers: [{name: a, image: i}]
			topologySpreadConstraints: [{maxSkew: 0}, {maxSkew: 1, topologyKey: z, whenUnsatisfiable: Never}]
			tolerations: [{operator: exists, effect: NoRun}]`,
			[]string{
				spec + ".topologySpreadConstraints[0].maxSkew 0 is refused by API servers: must be greater than zero",
				spec + ".topologySpreadConstraints[0].topologyKey must be set",
				spec + ".topologySpreadConstraints[0].whenUnsatisfiable must be set",
				spec + `.topologySpreadConstraints[1].whenUnsatisfiable "Never" is refused by API servers: supported values: "DoNotSchedule", "ScheduleAnyway"`,
				spec + `.tolerations[0].operator "exists" is refused by API servers: supported values: "Equal", "Exists", "Lt", "Gt"`,
				spec + `.tolerations[0].effect "NoRun" is refused by API servers: supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
				spec + `.tolerations[0].operator "exists" is refused by API servers: must be Exists without a key`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := &appsv1.StatefulSet{}
			set.Name = "web"
			if err := yaml.UnmarshalStrict([]byte(strings.ReplaceAll(test.pod, "\n\t\t\t", "\n")), &set.Spec.Template.Spec); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, each := range apirules.Refusals(set) {
				got = append(got, each.Field+" "+apirules.Told(each))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusalsAcceptGenerateName(t *testing.T) {
	t.Parallel()
	set := &appsv1.StatefulSet{}
	set.GenerateName = "web-"
	if err := yaml.Unmarshal([]byte("containers: [{name: a, image: i}]"), &set.Spec.Template.Spec); err != nil {
		t.Fatal(err)
	}
	if errs := apirules.Refusals(set); len(errs) > 0 {
		t.Errorf("refused: %v", errs)
	}
}
