package topology_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/topology"
)

const (
	set = `{"spec":{"replicas":2,"serviceName":"db","template":{"metadata":{"labels":{"app":"db"}}},
		"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"storageClassName":"fast","resources":{"requests":{"storage":"10Gi"}}}}]},
		"status":{"readyReplicas":1}}`
	labels = `{"matchLabels":{"app":"db"}}`
)

func object(kind, name, raw string) topology.Object {
	namespace := "data"
	if kind == "PersistentVolume" {
		namespace = ""
	}
	return topology.Object{File: "there.yaml", Kind: kind, Namespace: namespace, Name: name, Raw: []byte(raw)}
}

func part(kind, name string, state topology.State, detail string) topology.Part {
	made := topology.Part{Kind: kind, Namespace: "data", Name: name, State: state, Detail: detail}
	if kind == "PersistentVolume" {
		made.Namespace = ""
	}
	return made
}

func TestSetsIncludeTheirParts(t *testing.T) {
	t.Parallel()
	known := []string{"services", "pods", "persistentvolumeclaims", "persistentvolumes"}
	service, claim := part("Service", "db", topology.Unknown, "not in manifests"), "PersistentVolumeClaim"
	made := func(name string) topology.Pod {
		return topology.Pod{Part: part("Pod", name, topology.Planned, ""), Claims: []topology.Claim{{Part: part(claim, "data-"+name, topology.Planned, "10Gi fast")}}}
	}
	missing := part("Service", "db", topology.Missing, "does not exist")
	headless := part("Service", "db", topology.Exists, "headless")
	volume := part("PersistentVolume", "pv-0", topology.Exists, "Retain")
	tests := map[string]struct {
		objects []topology.Object
		options topology.Options
		want    topology.Set
	}{
		"a manifest": {
			[]topology.Object{object("StatefulSet", "db", set)}, topology.Options{},
			topology.Set{Detail: "2 replicas", Service: &service, Pods: []topology.Pod{made("db-0"), made("db-1")}},
		},
		"a stored set of which nothing else exists": {
			[]topology.Object{object("StatefulSet", "db", set)}, topology.Options{Stored: true, Known: known},
			topology.Set{Detail: "1 of 2 Ready", Service: &missing, Pods: []topology.Pod{
				{Part: part("Pod", "db-0", topology.Missing, "does not exist"), Claims: []topology.Claim{{Part: part(claim, "data-db-0", topology.Missing, "does not exist")}}},
				{Part: part("Pod", "db-1", topology.Missing, "does not exist"), Claims: []topology.Claim{{Part: part(claim, "data-db-1", topology.Missing, "does not exist")}}},
			}},
		},
		"a stored set with all its parts": {
			[]topology.Object{
				object("StatefulSet", "db", `{"spec":{"replicas":0,"serviceName":"db","template":{"metadata":{"labels":{"app":"db"}}},"volumeClaimTemplates":[{"metadata":{"name":"data"}}]}}`),
				object("Service", "db", `{"spec":{"clusterIP":"None"}}`),
				object("PodDisruptionBudget", "own", `{"spec":{"maxUnavailable":1,"selector":`+labels+`}}`),
				object("PodDisruptionBudget", "other", `{"spec":{"minAvailable":"50%","selector":{"matchLabels":{"app":"web"}}}}`),
				object("PodDisruptionBudget", "broken", `{"spec":{"selector":7}}`),
				object("Pod", "db-0", `{"metadata":{"ownerReferences":[{"kind":"StatefulSet","name":"db","controller":true}]},"status":{"conditions":[{"type":"Ready","status":"False"}]}}`),
				object("Pod", "db-99999999999999999999", `{"metadata":{"ownerReferences":[{"kind":"StatefulSet","name":"db","controller":true}]}}`),
				object(claim, "data-db-0", `{"spec":{"volumeName":"pv-0","resources":{"requests":{"storage":"8Gi"}}}}`),
				object("PersistentVolume", "pv-0", `{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`),
			}, topology.Options{Stored: true, Known: known},
			topology.Set{
				Detail: "0 of 0 Ready", Service: &headless, Budgets: []topology.Part{part("PodDisruptionBudget", "own", topology.Exists, "maxUnavailable 1")},
				Pods: []topology.Pod{{Part: part("Pod", "db-0", topology.Unready, "not Ready"), Claims: []topology.Claim{{Part: part(claim, "data-db-0", topology.Exists, "8Gi"), Volume: &volume}}}},
			},
		},
		"fields of the wrong type": {
			[]topology.Object{object("StatefulSet", "db", `{"spec":{"replicas":"many","template":[],"serviceName":7}}`)}, topology.Options{},
			topology.Set{Detail: "0 replicas"},
		},
		"nothing at all": {
			[]topology.Object{object("StatefulSet", "db", ``)}, topology.Options{},
			topology.Set{Detail: "1 replica", Pods: []topology.Pod{{Part: part("Pod", "db-0", topology.Planned, "")}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.File, test.want.Namespace, test.want.Name = "there.yaml", "data", "db"
			if diff := cmp.Diff([]topology.Set{test.want}, topology.Sets(test.objects, test.options)); diff != "" {
				t.Errorf("sets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetsListAHundredPods(t *testing.T) {
	t.Parallel()
	for _, options := range []topology.Options{{}, {Stored: true}} {
		sets := topology.Sets([]topology.Object{object("StatefulSet", "db", `{"spec":{"replicas":2000000000,"ordinals":{"start":5}}}`)}, options)
		if len(sets) != 1 || len(sets[0].Pods) != topology.MostPods || sets[0].More != 2000000000-topology.MostPods || sets[0].Pods[0].Name != "db-5" {
			t.Errorf("%d pods and %d more", len(sets[0].Pods), sets[0].More)
		}
	}
}
