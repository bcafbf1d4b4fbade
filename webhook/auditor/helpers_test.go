package auditor_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/auditor"
	"github.com/stateward/stateward/webhook/reports"
)

const (
	set = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"data","uid":"s1"},"spec":{
		"replicas":1,"serviceName":"db","minReadySeconds":10,"selector":{"matchLabels":{"app":"db"}},
		"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}},
		"template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"db","image":"postgres:16",
			"volumeMounts":[{"name":"data","mountPath":"/var/lib/postgresql/data"}]}]}},
		"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"}}}}]}}`
	service = `{"apiVersion":"v1","kind":"Service","metadata":{"name":"db","namespace":"data","uid":"v1"},
		"spec":{"clusterIP":"None","selector":{"app":"db"}}}`
	claim = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data-db-0","namespace":"data","uid":"c1","labels":{"app":"db"},
		"creationTimestamp":"2026-11-20T12:00:00Z"},"spec":{"volumeName":"pv","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"}}}}`
	lostClaim = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data-old-0","namespace":"data","uid":"c2","labels":{"app":"old"},
		"creationTimestamp":"2026-11-20T12:00:00Z"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"}}}}`
	system = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db","namespace":"kube-system","uid":"s2"},"spec":{"serviceName":"db"}}`
)

// cluster is what there is, beside a clock.
type cluster struct {
	*inventory.Snapshot

	decider *engine.Engine
	objects map[string]map[string][]json.RawMessage
	served  []reports.API
	api     *dynamicfake.FakeDynamicClient
	now     time.Time
	changed func(resource, namespace string)
	metrics *auditor.Metrics
	auditor *auditor.Auditor
	// each is the processor time that one step takes.
	each time.Duration
}

func newCluster(t *testing.T, spec string, objects ...string) *cluster {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	raw := `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward","uid":"g1"},"spec":` + spec + `}`
	guardrails, err := v1alpha1.ParseGuardrails([]byte(raw), library)
	if err != nil {
		t.Fatal(err)
	}
	decider, err := engine.New(t.Context(), library, guardrails)
	if err != nil {
		t.Fatal(err)
	}
	var stored unstructured.Unstructured
	if err := stored.UnmarshalJSON([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	kinds := map[schema.GroupVersionResource]string{}
	for _, api := range []reports.API{reports.OpenReports(), reports.PolicyReports()} {
		kinds[kindOf(api.Group, api.Version, api.Resource)] = api.Kind + "List"
		kinds[kindOf(api.Group, api.Version, api.ClusterResource)] = api.ClusterKind + "List"
	}
	kinds[snapshotKind("volumesnapshots")], kinds[snapshotKind("volumesnapshotcontents")] = "VolumeSnapshotList", "VolumeSnapshotContentList"
	kinds[kindOf("velero.io", "v1", "backups")] = "BackupList"
	kinds[kindOf("", "v1", "namespaces")], kinds[kindOf(policies.Group, policies.Version, policies.Confirmations)] = "NamespaceList", "ConfirmationList"
	made := &cluster{
		decider: decider, served: []reports.API{reports.OpenReports(), reports.PolicyReports()},
		now: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC), metrics: auditor.NewMetrics(),
		api: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds),
	}
	if _, err := made.api.Resource(kindOf(policies.Group, policies.Version, "guardrails")).Create(t.Context(), &stored, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	made.api.ClearActions()
	made.holds(t, objects...)
	made.auditor = auditor.New(auditor.Options{
		Policy: func() (auditor.Policy, error) { return auditor.Policy{Engine: made.decider, Stock: made}, nil },
		Follow: func(_ context.Context, _ []string, changed func(resource, namespace string)) (func(), error) {
			made.changed = changed
			return func() {}, nil
		},
		API: made.api, Discovery: made, StoredGuardrails: true, Interval: time.Hour, Metrics: made.metrics,
		Now: func() time.Time { return made.now }, Measure: made.measure, Log: testr.New(t),
	})
	return made
}

func kindOf(group, version, resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
}

func snapshotKind(resource string) schema.GroupVersionResource {
	return kindOf("snapshot.storage.k8s.io", "v1", resource)
}

// holds makes these the objects that there are.
func (c *cluster) holds(t *testing.T, objects ...string) {
	t.Helper()
	var held []string
	for _, resource := range policies.Resources() {
		if c.Holds(resource.Name) {
			held = append(held, resource.Name)
		}
	}
	c.Snapshot, c.objects = inventory.NewSnapshot("default", held), map[string]map[string][]json.RawMessage{}
	for _, each := range objects {
		if err := c.Add(json.RawMessage(each)); err != nil {
			t.Fatal(err)
		}
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON([]byte(each)); err != nil {
			t.Fatal(err)
		}
		resource, _ := policies.ResourceOfKind(object.GroupVersionKind().Group, object.GetKind())
		if c.objects[resource.Name] == nil {
			c.objects[resource.Name] = map[string][]json.RawMessage{}
		}
		c.objects[resource.Name][object.GetNamespace()] = append(c.objects[resource.Name][object.GetNamespace()], json.RawMessage(each))
	}
}

// Holds is as in a cluster: Namespaces and Confirmations are read from the API.
func (*cluster) Holds(resource string) bool {
	known, _ := policies.LookupResource(resource)
	return !known.Live && resource != "namespaces"
}

func (c *cluster) Stored(resource, namespace string) (found []func() (json.RawMessage, error), err error) {
	for _, each := range c.objects[resource][namespace] {
		found = append(found, func() (json.RawMessage, error) { return each, nil })
	}
	return found, nil
}

func (c *cluster) Namespaces(resources []string) (namespaces []string) {
	for _, resource := range resources {
		for namespace := range c.objects[resource] {
			if namespace != "" && !slices.Contains(namespaces, namespace) {
				namespaces = append(namespaces, namespace)
			}
		}
	}
	slices.Sort(namespaces)
	return namespaces
}

func (c *cluster) ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error) {
	for _, each := range c.served {
		if each.Group+"/"+each.Version == groupVersion {
			return &metav1.APIResourceList{APIResources: []metav1.APIResource{{Name: each.Resource}, {Name: each.ClusterResource}}}, nil
		}
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{}, groupVersion)
}

// measure charges the same for each step.
func (c *cluster) measure() func() time.Duration {
	return func() time.Duration { return c.each }
}

// after lets time go by, in steps after each of which there is a turn.
func (c *cluster) after(t *testing.T, wait time.Duration) {
	t.Helper()
	for range 20 {
		c.now = c.now.Add(wait / 20)
		c.auditor.Turn(t.Context())
	}
}

// writes lists what was written since the last time.
func (c *cluster) writes() (writes []string) {
	for _, each := range c.api.Actions() {
		if each.GetVerb() != "list" && each.GetVerb() != "get" {
			writes = append(writes, strings.Join([]string{each.GetVerb(), each.GetResource().Resource, each.GetNamespace()}, " "))
		}
	}
	c.api.ClearActions()
	return writes
}

// reports are those of a resource of an API.
func (c *cluster) reports(t *testing.T, api reports.API, resource string) (found []reports.Report) {
	t.Helper()
	list, err := c.api.Resource(kindOf(api.Group, api.Version, resource)).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range list.Items {
		var read reports.Report
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(each.Object, &read); err != nil {
			t.Fatal(err)
		}
		found = append(found, read)
	}
	return found
}
