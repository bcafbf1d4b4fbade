package replay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/decisionlog"
)

func exportOf(t *testing.T, objects ...string) *Export {
	t.Helper()
	made := NewExport()
	for _, raw := range objects {
		var read struct{ APIVersion, Kind string }
		if err := json.Unmarshal([]byte(raw), &read); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		resource, known := policies.ResourceOfKind(policies.GroupOf(read.APIVersion), read.Kind)
		if !known {
			t.Fatalf("no rule reads %s", raw)
		}
		if err := made.Add(resource, json.RawMessage(raw)); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

const (
	exportedSet     = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"namespace":"data","name":"web"},"spec":{"serviceName":"web","replicas":3,"volumeClaimTemplates":[{"metadata":{"name":"www"}}]}}`
	exportedService = `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"data","name":"web"},"spec":{"clusterIP":"None","selector":{"app":"web"}}}`
	exportedBudget  = `{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"data","name":"web"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"web"}}}}`
	otherService    = `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"web"},"spec":{}}`
)

// exportedPod is the pod of an ordinal of web, exportedClaim the claim of the first, both created at a time.
func exportedPod(ordinal int, created string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"data","name":"web-%[1]d","labels":{"app":"web","statefulset.kubernetes.io/pod-name":"web-%[1]d"},"creationTimestamp":%[2]q},`+
		`"spec":{"containers":[{"name":"web","image":"nginx:1.27.4"}]}}`, ordinal, created)
}

func exportedClaim(created string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"namespace":"data","name":"www-web-0","creationTimestamp":%q},`+
		`"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}`, created)
}

// creation is the line of an audit log about the StatefulSet web with claims, created at 5.
const creation = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"a","stage":"ResponseComplete","verb":"create","requestReceivedTimestamp":"2026-11-23T05:00:00.500000Z","user":{"username":"alice"},"objectRef":{"resource":"statefulsets","namespace":"data","name":"web","apiGroup":"apps"},"responseStatus":{"code":201},"responseObject":{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"data","uid":"u","generation":1},"spec":{"serviceName":"web","replicas":3,"selector":{"matchLabels":{"app":"web"}},"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain","whenScaled":"Retain"},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx:1.27.4","volumeMounts":[{"name":"www","mountPath":"/usr/share/nginx/html"}]}]}},"volumeClaimTemplates":[{"metadata":{"name":"www"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}}}
`

func TestReplayTakesTheInventoryFromAnExport(t *testing.T) {
	t.Parallel()
	given := guardrails(t, builders.Library(t), `{}`)
	const before, after = "2026-11-23T04:00:00Z", "2026-11-23T05:00:00Z"
	rest := []string{
		exportedSet, exportedBudget,
		`{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fast","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"example.com/disk","reclaimPolicy":"Retain"}`,
		`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"data","name":"api"},"spec":{"selector":{"matchLabels":{"app":"api"}},"template":{"metadata":{"labels":{"app":"api"}}}}}`,
		`{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"namespace":"data","name":"web-1"},"revision":1}`,
	}
	everything := []string{
		"claim-reuse", "data-path", "disruption-budget", "headless-service", "image-change", "scale-down", "selector-overlap", "service-ports",
		"service-selector", "storage-class", "storage-class-fit",
	}
	advised := []string{"readiness-gate", "spread", "storage-class-fit"}
	with := func(objects ...string) []string { return append(objects, rest...) }
	for name, test := range map[string]struct {
		objects []string
		// want are the rules of each class.
		want map[Class][]string
	}{
		"nothing":                {[]string{}, map[Class][]string{Undecided: everything}},
		"another namespace":      {[]string{otherService}, map[Class][]string{Undecided: everything}},
		"all kinds":              {with(exportedService, exportedPod(0, after), exportedClaim(after)), map[Class][]string{Other: advised}},
		"a missing Service":      {with(otherService, exportedPod(0, after), exportedClaim(after)), map[Class][]string{Denied: {"headless-service"}}},
		"no kind of Services":    {with(exportedPod(0, after), exportedClaim(after)), map[Class][]string{Undecided: {"headless-service", "service-ports", "service-selector"}}},
		"claims of a former set": {with(exportedService, exportedPod(0, after), exportedClaim(before)), map[Class][]string{Other: append([]string{"claim-reuse"}, advised...)}},
		"pods of a former set":   {with(exportedService, exportedPod(3, before), exportedPod(4, before), exportedPod(5, before), exportedClaim(after)), map[Class][]string{Other: {"readiness-gate", "scale-down", "spread", "storage-class-fit"}}},
		"pods that came later":   {with(exportedService, exportedPod(3, after), exportedPod(4, after), exportedPod(5, after), exportedClaim(after)), map[Class][]string{Other: advised}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary := replay(t, []byte(creation), Options{Guardrails: given, Export: exportOf(t, test.objects...)})
			got := map[Class][]string{}
			for class, group := range summary.Classes {
				got[class] = slices.Sorted(maps.Keys(group.Rules))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rules by class (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExportKnowsOnlyWhatItShows(t *testing.T) {
	t.Parallel()
	here, both := []string{exportedService}, []string{exportedService, otherService}
	for name, test := range map[string]struct {
		objects []string
		path    string
		want    bool
	}{
		"a missing object of a namespace":       {here, "services/data/other", true},
		"a list of a namespace":                 {here, "services/data", true},
		"another kind":                          {here, "poddisruptionbudgets/data/web", false},
		"another namespace":                     {here, "services/shop/web", false},
		"an index":                              {here, "selecting/services/data/{}", true},
		"an index of another namespace":         {here, "selecting/services/shop/{}", false},
		"an index of another kind":              {here, "mounting/data/www-web-0", false},
		"all namespaces of one":                 {here, "naming/services/Node|n", false},
		"all namespaces of two":                 {both, "naming/services/Node|n", true},
		"a kind of the whole cluster":           {[]string{`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}`}, "nodes/m", true},
		"a kind of the whole cluster, not here": {here, "nodes/m", false},
		"an owner of any kind":                  {both, "owner/data/x", false},
		"a Confirmation": {
			[]string{`{"apiVersion":"stateward.dev/v1alpha1","kind":"Confirmation","metadata":{"namespace":"data","name":"c"}}`}, "confirmations/data", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var path []string
			for _, step := range strings.Split(test.path, "/") {
				path = append(path, strings.ReplaceAll(step, "|", "/"))
			}
			_, known, err := exportOf(t, test.objects...).beside(&decisionlog.Record{}).Read(path)
			if known != test.want || err != nil {
				t.Errorf("known %v, error %v", known, err)
			}
		})
	}
}
