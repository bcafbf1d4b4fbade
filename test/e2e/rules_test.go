package e2e_test

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestRulesOnTheirDoors performs, for each rule, the command that it is about, and a neighbour of it that is fine.
func TestRulesOnTheirDoors(t *testing.T) {
	guarded := environment.ForTest(t)
	for rule, test := range map[string]struct {
		set       *builders.StatefulSet
		command   []string
		warns     bool
		neighbour []string
	}{
		"partition-range": {
			set:       builders.MakeStatefulSet().Partition(2),
			command:   []string{"scale", "statefulset", "web", "--replicas=1"},
			neighbour: []string{"scale", "statefulset", "web", "--replicas=2"},
		},
		"image-tag": {
			set:       builders.MakeStatefulSet().Partition(2),
			command:   []string{"set", "image", "statefulset/web", "nginx=nginx"},
			neighbour: []string{"set", "image", "statefulset/web", "nginx=nginx:1.27.5"},
		},
		"image-change": {
			set:       builders.MakeStatefulSet().Partition(2),
			command:   []string{"set", "image", "statefulset/web", "nginx=nginx:2.0.0"},
			neighbour: []string{"set", "image", "statefulset/web", "nginx=nginx:1.28.0"},
		},
		"service-in-use": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"patch", "service", "nginx", "-p", `{"spec":{"selector":{"app":"other"}}}`},
			neighbour: []string{"patch", "service", "nginx", "-p", `{"spec":{"publishNotReadyAddresses":true}}`},
		},
		"claim-in-use": {
			set:       withClaim(builders.MakeStatefulSet()),
			command:   []string{"delete", "pvc", "www-web-0", "--wait=false"},
			neighbour: []string{"label", "pvc", "www-web-0", "team=data"},
		},
		"ordinals-start": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"patch", "statefulset", "web", "-p", `{"spec":{"ordinals":{"start":5}}}`},
			neighbour: []string{"patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`},
		},
		"retention-policy": {
			set: withClaim(builders.MakeStatefulSet()),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}}`},
			neighbour: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}`},
		},
		"scale-to-zero": {
			set:       builders.MakeStatefulSet(),
			command:   []string{"scale", "statefulset", "web", "--replicas=0"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=1"},
		},
		"scale-down-data": {
			set:       deletesClaims(withClaim(builders.MakeStatefulSet())),
			command:   []string{"scale", "statefulset", "web", "--replicas=2"},
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"protected-labels": {
			set:       labelled(builders.MakeStatefulSet()),
			command:   []string{"label", "statefulset", "web", "stateward.dev/quorum-"},
			neighbour: []string{"label", "statefulset", "web", "team=data"},
		},
		"quorum": {
			set:       labelled(builders.MakeStatefulSet()),
			command:   []string{"scale", "statefulset", "web", "--replicas=2"},
			neighbour: []string{"scale", "statefulset", "web", "--replicas=5"},
		},
		"max-unavailable": {
			set: builders.MakeStatefulSet(),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":7}}}}`},
			neighbour: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":1}}}}`},
		},
		"on-delete": {
			set:       onDelete(builders.MakeStatefulSet()),
			command:   []string{"set", "image", "statefulset/web", "nginx=nginx:1.27.5"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"service-ports": {
			set:       withPort(builders.MakeStatefulSet(), 81),
			command:   []string{"patch", "statefulset", "web", "-p", `{"spec":{"minReadySeconds":1}}`},
			warns:     true,
			neighbour: []string{"annotate", "statefulset", "web", "example.com/note=hello"},
		},
		"readiness-gate": {
			set: builders.MakeStatefulSet(),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"template":{"spec":{"containers":[{"name":"nginx","readinessProbe":null}]}}}}`},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"spread": {
			set: builders.MakeStatefulSet(),
			command: []string{"patch", "statefulset", "web", "-p",
				`{"spec":{"template":{"spec":{"topologySpreadConstraints":null}}}}`},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=4"},
		},
		"disruption-budget": {
			set:       builders.MakeStatefulSet().Replicas(1),
			command:   []string{"scale", "statefulset", "web", "--replicas=3"},
			warns:     true,
			neighbour: []string{"scale", "statefulset", "web", "--replicas=1"},
		},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			g := newGuard(t, guarded)
			g.create(t, test.set)
			g.settled(t, *test.set.Spec.Replicas)
			if test.warns {
				g.warned(t, rule, append(test.command, "--dry-run=server")...)
			} else {
				g.denied(t, rule, test.command...)
			}
			g.allowed(t, "", test.neighbour...)
		})
	}
}

// TestWhatTheAPIServerRefusesIsExplained changes a field that is immutable: the API server refuses it before it asks the
// validating webhook, and shows what the mutating one says.
func TestWhatTheAPIServerRefusesIsExplained(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.create(t, withClaim(builders.MakeStatefulSet()))
	g.says(t, true, "", []string{
		`Warning: [claim-immutable] spec.serviceName: "nginx" cannot become "other", the field is immutable`,
		"kubectl delete sts web -n " + g.namespace + " --cascade=orphan",
		"is invalid: spec.serviceName",
	}, "patch", "statefulset", "web", "-p", `{"spec":{"serviceName":"other"}}`)
}

// TestSecondBudgetIsDenied makes two budgets for one set, which Kubernetes takes and then fails every eviction.
func TestSecondBudgetIsDenied(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.create(t, builders.MakeStatefulSet())
	g.allowed(t, "", "create", "poddisruptionbudget", "first", "--selector=app=nginx", "--max-unavailable=1")
	eventually(t, "the second budget is denied", func(context.Context) (bool, error) {
		output, _ := g.kubectl(t, "", "create", "poddisruptionbudget", "second", "--selector=app=nginx", "--max-unavailable=1",
			"--dry-run=server")
		return strings.Contains(output, "[disruption-budget]"), nil
	})
}

// TestClaimOfAFormerSetIsTold makes a set anew, with larger claims than those that wait for it.
func TestClaimOfAFormerSetIsTold(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.create(t, withClaim(builders.MakeStatefulSet()))
	g.settled(t, 3)
	set := withClaim(builders.MakeStatefulSet())
	set.Namespace = g.namespace
	g.allowed(t, "", append(breakGlass(), "delete", "statefulset", "web", "--cascade=foreground")...)
	manifest := string(builders.JSON(set.StatefulSet))
	taken := "[claim-reuse] spec.volumeClaimTemplates: www-web-0, www-web-1, www-web-2 and the data of a former set are taken over"
	g.says(t, false, manifest, []string{taken}, "create", "--dry-run=server", "-f", "-")
	larger := strings.ReplaceAll(manifest, `"1Gi"`, `"2Gi"`)
	g.says(t, false, larger, []string{"www-web-0, www-web-1, www-web-2: 1Gi, the template asks for 2Gi"},
		"create", "--dry-run=server", "-f", "-")
}

// settled waits until all pods are ready, whatever the update strategy; `kubectl rollout status` knows one only.
func (g guard) settled(t *testing.T, replicas int32) {
	t.Helper()
	eventually(t, "the pods are ready", func(ctx context.Context) (bool, error) {
		set, err := g.Client.AppsV1().StatefulSets(g.namespace).Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return set.Status.ReadyReplicas == replicas, nil
	})
}

func withClaim(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{{
		ObjectMeta: metav1.ObjectMeta{Name: "www"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}}
	set.Spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "www", MountPath: "/data"}}
	return set
}

func deletesClaims(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
	}
	return set
}

func labelled(set *builders.StatefulSet) *builders.StatefulSet {
	set.Labels = map[string]string{"stateward.dev/quorum": "true"}
	return set
}

func onDelete(set *builders.StatefulSet) *builders.StatefulSet {
	set.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	return set
}

func withPort(set *builders.StatefulSet, port int32) *builders.StatefulSet {
	set.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "other", ContainerPort: port}}
	return set
}
