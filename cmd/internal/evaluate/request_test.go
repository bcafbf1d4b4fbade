package evaluate

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDocumentsLeaveAnUnknownNamespaceEmpty(t *testing.T) {
	t.Parallel()
	const text = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}}
---
{apiVersion: example.com/v1, kind: Cache, metadata: {name: hot, namespace: data}}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: data}}
`
	result, err := Documents(t.Context(), builtin(t), filesOf(t, []string{text}), Options{Namespace: "default", Now: time.Unix(1800000000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, document := range result.Documents {
		got[document.Kind] = document.Namespace
	}
	want := map[string]string{"ClusterRole": "", "Cache": "data", "PriorityClass": "", "ConfigMap": "default", "Namespace": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
}
