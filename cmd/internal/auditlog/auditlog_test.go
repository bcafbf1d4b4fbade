package auditlog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/decisionlog"
)

// written is a line of an audit log about the StatefulSet web, with these fields beside the usual ones.
func written(t testing.TB, verb, fields string) string {
	t.Helper()
	event := map[string]any{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "id", "stage": "ResponseComplete", "verb": verb,
		"requestURI":     "/apis/apps/v1/namespaces/data/statefulsets/web",
		"user":           map[string]any{"username": "alice"},
		"objectRef":      map[string]any{"resource": "statefulsets", "namespace": "data", "name": "web", "apiGroup": "apps", "apiVersion": "v1"},
		"responseStatus": map[string]any{"code": 200}, "requestReceivedTimestamp": "2026-11-23T05:00:00.000000Z",
	}
	if err := json.Unmarshal([]byte("{"+fields+"}"), &event); err != nil {
		t.Fatalf("%v in %s", err, fields)
	}
	line, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// stored is a field with the set of a generation as the API server answered.
func stored(generation, replicas int) string {
	return fmt.Sprintf(`"responseObject":%s`, set(generation, replicas))
}

func set(generation, replicas int) string {
	return fmt.Sprintf(`{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"data","uid":"u","generation":%d},`+
		`"spec":{"replicas":%d,"selector":{"matchLabels":{"app":"web"}}}}`, generation, replicas)
}

const (
	scaleRef = `"objectRef":{"resource":"statefulsets","subresource":"scale","namespace":"data","name":"web","apiGroup":"apps","apiVersion":"v1"}`
	scale5   = `"responseObject":{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"web","resourceVersion":"7"},"spec":{"replicas":5}}`
	success  = `"responseObject":{"apiVersion":"v1","kind":"Status","status":"Success"}`
)

// read are the requests of lines: operation, kind, generations or replicas before and after, and what is lacking.
func read(t testing.TB, reader *Reader, lines ...string) (requests []string) {
	t.Helper()
	for _, line := range lines {
		records, err := reader.Read([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			asked := record.Request
			text := strings.TrimSpace(fmt.Sprintf("%s %s %s>%s %s", asked.Operation, asked.Kind.Kind, brief(asked.OldObject.Raw), brief(asked.Object.Raw), asked.Options.Raw))
			if *asked.DryRun {
				text += " dry"
			}
			if lacks := record.LackedObjects(); len(lacks) > 0 {
				text += " lacks " + strings.Join(lacks, ", ")
			}
			requests = append(requests, text)
		}
	}
	return requests
}

// brief is an object as generation/replicas.
func brief(object json.RawMessage) string {
	var read struct {
		Metadata struct{ Generation int }
		Spec     struct{ Replicas int }
	}
	if json.Unmarshal(object, &read) != nil {
		return ""
	}
	return fmt.Sprintf("%d/%d", read.Metadata.Generation, read.Spec.Replicas)
}

func newReader(t testing.TB) *Reader {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return NewReader(library)
}

func TestReaderFindsTheRequestsOfEvents(t *testing.T) {
	t.Parallel()
	const options = `{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1"`
	for name, test := range map[string]struct {
		lines []string
		want  []string
	}{
		"a creation":            {[]string{written(t, "create", `"responseStatus":{"code":201},`+stored(1, 3))}, []string{"CREATE StatefulSet >1/3"}},
		"an apply that creates": {[]string{written(t, "patch", `"responseStatus":{"code":201},`+stored(1, 3))}, []string{"CREATE StatefulSet >1/3"}},
		"an update after another": {
			[]string{written(t, "create", stored(1, 3)), written(t, "update", stored(2, 4)), written(t, "patch", stored(3, 5))},
			[]string{"CREATE StatefulSet >1/3", "UPDATE StatefulSet 1/3>2/4", "UPDATE StatefulSet 2/4>3/5"},
		},
		"an update of what was not seen": {[]string{written(t, "update", stored(2, 4))}, []string{"UPDATE StatefulSet >2/4 lacks oldObject"}},
		"an update after a gap": {
			[]string{written(t, "update", stored(2, 4)), written(t, "update", stored(4, 4))},
			[]string{"UPDATE StatefulSet >2/4 lacks oldObject", "UPDATE StatefulSet >4/4 lacks oldObject"},
		},
		"a dry run is not remembered": {
			[]string{
				written(t, "create", stored(1, 3)),
				written(t, "update", `"requestURI":"/apis/apps/v1/namespaces/data/statefulsets/web?dryRun=All",`+stored(2, 9)), written(t, "update", stored(2, 4)),
			},
			[]string{"CREATE StatefulSet >1/3", "UPDATE StatefulSet 1/3>2/9 dry", "UPDATE StatefulSet 1/3>2/4"},
		},
		"a scale": {
			[]string{written(t, "create", stored(1, 3)), written(t, "patch", scaleRef+","+scale5), written(t, "update", stored(3, 5))},
			[]string{"CREATE StatefulSet >1/3", "UPDATE Scale 0/3>0/5", "UPDATE StatefulSet 2/5>3/5"},
		},
		"a scale of what was not seen": {[]string{written(t, "patch", scaleRef+","+scale5)}, []string{"UPDATE Scale >0/5 lacks oldObject"}},
		"a deletion with a body": {
			[]string{written(t, "create", stored(1, 3)), written(t, "delete", `"requestObject":{"propagationPolicy":"Orphan"},`+success)},
			[]string{"CREATE StatefulSet >1/3", "DELETE StatefulSet 1/3> " + options + `,"propagationPolicy":"Orphan"}`},
		},
		"a deletion that ends later": {
			[]string{
				written(t, "create", stored(1, 3)), written(t, "delete", stored(2, 3)), written(t, "create", stored(1, 3)),
				written(t, "delete", strings.Replace(stored(2, 4), `"uid"`, `"deletionTimestamp":"2026-11-23T05:00:00Z","uid"`, 1)), written(t, "delete", success),
			},
			[]string{
				"CREATE StatefulSet >1/3", "DELETE StatefulSet 1/3> " + options + "}", "CREATE StatefulSet >1/3",
				"DELETE StatefulSet 1/3> " + options + "}", "DELETE StatefulSet 2/4> " + options + "}",
			},
		},
		"a deletion with parameters": {
			[]string{written(t, "delete", `"requestURI":"/apis/apps/v1/namespaces/data/statefulsets/web?propagationPolicy=Foreground",`+success)},
			[]string{"DELETE StatefulSet > " + options + `,"propagationPolicy":"Foreground"} lacks oldObject`},
		},
		"a deletion at level Metadata": {
			[]string{written(t, "delete", `"level":"Metadata"`)}, []string{"DELETE StatefulSet > " + options + "} lacks options, oldObject"},
		},
		"a deletion of many": {
			[]string{written(t, "deletecollection", `"responseObject":{"kind":"StatefulSetList","items":[`+set(1, 3)+`,`+set(2, 4)+`]}`)},
			[]string{"DELETE StatefulSet 1/3> " + options + "}", "DELETE StatefulSet 2/4> " + options + "}"},
		},
		"a deletion of many without their list": {
			[]string{written(t, "deletecollection", success)}, []string{"DELETE StatefulSet > " + options + "} lacks oldObject"},
		},
		"a deletion of many of which there are none": {[]string{written(t, "deletecollection", `"responseObject":{"kind":"StatefulSetList","items":null}`)}, nil},
		"a deletion of many at level Metadata": {
			[]string{written(t, "deletecollection", `"level":"Metadata"`)}, []string{"DELETE StatefulSet > " + options + "} lacks options, oldObject"},
		},
		"an update after a deletion of many": {
			[]string{
				written(t, "create", stored(1, 3)), written(t, "deletecollection", `"responseObject":{"kind":"StatefulSetList","items":[`+set(1, 3)+`]}`),
				written(t, "update", stored(1, 4)),
			},
			[]string{"CREATE StatefulSet >1/3", "DELETE StatefulSet 1/3> " + options + "}", "UPDATE StatefulSet >1/4 lacks oldObject"},
		},
		"a deletion whose body was truncated": {
			[]string{written(t, "create", stored(1, 3)), written(t, "delete", `"annotations":{"audit.k8s.io/truncated":"true"}`)},
			[]string{"CREATE StatefulSet >1/3", "DELETE StatefulSet 1/3> " + options + "} lacks options"},
		},
		"a deletion of an unknown level": {
			[]string{written(t, "delete", `"level":""`)}, []string{"DELETE StatefulSet > " + options + "} lacks options, oldObject"},
		},
		"a deletion of another object of the name": {
			[]string{written(t, "create", stored(1, 3)), written(t, "delete", `"responseObject":{"kind":"Status","details":{"uid":"v"}}`)},
			[]string{"CREATE StatefulSet >1/3", "DELETE StatefulSet > " + options + "} lacks oldObject"},
		},
		"a deletion after a gap": {
			[]string{written(t, "create", stored(1, 3)), written(t, "delete", stored(4, 3))},
			[]string{"CREATE StatefulSet >1/3", "DELETE StatefulSet > " + options + "} lacks oldObject"},
		},
		"a scale of another object of the name": {
			[]string{written(t, "create", stored(1, 3)), written(t, "patch", scaleRef+","+strings.Replace(scale5, `"name"`, `"uid":"v","name"`, 1))},
			[]string{"CREATE StatefulSet >1/3", "UPDATE Scale >0/5 lacks oldObject"},
		},
		"an update that is logged late": {
			[]string{written(t, "update", stored(5, 3)), written(t, "update", stored(3, 9))},
			[]string{"UPDATE StatefulSet >5/3 lacks oldObject", "UPDATE StatefulSet >3/9 lacks oldObject"},
		},
		"an end that is not recorded": {
			[]string{written(t, "create", `"responseStatus":null,`+stored(1, 3))}, []string{"CREATE StatefulSet >1/3 lacks responseStatus"},
		},
		"an update at level Metadata": {[]string{written(t, "update", `"level":"Metadata"`)}, []string{"UPDATE StatefulSet > lacks object, oldObject"}},
		"a list of events": {
			[]string{`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + written(t, "create", stored(1, 3)) + `]}`}, []string{"CREATE StatefulSet >1/3"},
		},
		"what only reads":      {[]string{written(t, "list", ""), written(t, "get", stored(1, 3))}, nil},
		"an earlier stage":     {[]string{written(t, "create", `"stage":"RequestReceived"`)}, nil},
		"a resource of others": {[]string{written(t, "create", `"objectRef":{"resource":"statefulsets","namespace":"data","name":"web","apiGroup":"apps.kruise.io"}`)}, nil},
		"a namespace that no webhook is asked about": {
			[]string{written(t, "create", `"objectRef":{"resource":"statefulsets","namespace":"kube-system","name":"web","apiGroup":"apps"},`+stored(1, 3))}, nil,
		},
		"a controller that finishes a deletion": {[]string{written(t, "delete", `"user":{"username":"system:serviceaccount:kube-system:generic-garbage-collector"}`)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, read(t, newReader(t), test.lines...)); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReaderUsesTheUserThatAdmissionSaw(t *testing.T) {
	t.Parallel()
	records, err := newReader(t).Read([]byte(written(t, "create", `"impersonatedUser":{"username":"bob"},`+stored(1, 3))))
	if err != nil || len(records) != 1 || records[0].Request.UserInfo.Username != "bob" {
		t.Errorf("%+v, %v", records, err)
	}
}

func TestIsFindsEventsWhereverTheirVersionIs(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`{"kind":"Event","apiVersion":"audit.k8s.io/v1"}`:                                                                 true,
		`{"annotations":{"a":"` + strings.Repeat("x", 300) + `"},"apiVersion":"audit.k8s.io/v1","kind":"Event"}`:          true,
		`{"schema":"stateward.dev/decision-log/v1","object":{"metadata":{"annotations":{"audit.k8s.io/truncated":"1"}}}}`: false,
		`{"kind":"Event","apiVersion":"v1"}`:                                                                              false,
	} {
		if got := Is([]byte(line)); got != want {
			t.Errorf("%t for %s", got, line)
		}
	}
}

func TestReaderSaysThatManagedFieldsAreOmitted(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]bool{`"managedFields":[],"name"`: false, `"name"`: true} {
		records, err := newReader(t).Read([]byte(written(t, "create", strings.Replace(stored(1, 3), `"name"`, field, 1))))
		if err != nil || len(records) != 1 || records[0].Lacks("managedFields") != want {
			t.Errorf("%s: %+v, %v", field, records, err)
		}
	}
}

func TestReaderNamesTheKindOfListItems(t *testing.T) {
	t.Parallel()
	records, err := newReader(t).Read([]byte(written(t, "deletecollection", `"responseObject":{"kind":"StatefulSetList","items":[{"metadata":{"name":"web"}}]}`)))
	if err != nil || len(records) != 1 {
		t.Fatalf("%v, %v", records, err)
	}
	const want = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web"}}`
	if got := string(records[0].Request.OldObject.Raw); got != want {
		t.Errorf("got %s", got)
	}
}

func TestReaderFindsTheStatefulSetOfAScale(t *testing.T) {
	t.Parallel()
	reader := newReader(t)
	read(t, reader, written(t, "create", stored(1, 3)))
	records, err := reader.Read([]byte(written(t, "patch", scaleRef+","+scale5)))
	if err != nil || len(records) != 1 {
		t.Fatalf("%v, %v", records, err)
	}
	if diff := cmp.Diff([]decisionlog.Read{{Path: []string{"statefulsets", "data", "web"}, Object: "parent"}}, records[0].Reads); diff != "" || brief(records[0].Objects["parent"]) != "1/3" {
		t.Errorf("look-ups (-want +got):\n%s%s", diff, records[0].Objects["parent"])
	}
}

func TestReaderCountsRefusedRequests(t *testing.T) {
	t.Parallel()
	reader := newReader(t)
	got := read(t, reader, written(t, "create", `"responseStatus":{"code":403}`), written(t, "list", `"responseStatus":{"code":403}`))
	if len(got) > 0 || reader.Events != 2 || reader.Refused != 1 {
		t.Errorf("%v, %d events, %d refused", got, reader.Events, reader.Refused)
	}
}

func TestReaderReportsEventsThatItCannotRead(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"apiVersion":"audit.k8s.io/v1","kind":"Event"`:   "the audit event cannot be read: unexpected end of JSON input",
		`{"apiVersion":"audit.k8s.io/v2","kind":"Event"}`:  "the audit event is of audit.k8s.io/v2, and this version of Stateward reads audit.k8s.io/v1",
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy"}`: `the audit event has the unknown kind "Policy"`,
	} {
		if _, err := newReader(t).Read([]byte(line)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestMemoryForgetsLeastRecentlyUsedObjects(t *testing.T) {
	t.Parallel()
	large := json.RawMessage(strings.Repeat("x", mostRemembered/4))
	var kept memory
	kept.put("first", large)
	kept.put("used", large)
	kept.put("third", large)
	if kept.get("used") == nil {
		t.Error("it forgot what was used just before")
	}
	kept.put("fourth", large)
	kept.put("fifth", large)
	if kept.get("first") != nil || kept.get("used") == nil {
		t.Error("it forgot what is used, or remembers everything")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(written(f, "create", stored(1, 3)), written(f, "patch", scaleRef+","+scale5))
	f.Add(written(f, "deletecollection", `"responseObject":{"items":[null,1]}`), written(f, "delete", `"requestURI":"%"`))
	library, err := policies.Embedded()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		reader := NewReader(library)
		for _, line := range []string{first, second, first} {
			records, err := reader.Read([]byte(line))
			if err != nil && len(records) > 0 {
				t.Errorf("%d requests of a line with an error: %v", len(records), err)
			}
			for _, record := range records {
				if record.Request.Operation == "" || record.Request.Resource.Resource == "" {
					t.Errorf("a request of nothing: %+v", record.Request)
				}
			}
		}
	})
}
