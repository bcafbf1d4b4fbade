package decisionlog

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// fullLine is a record in which every field has a value.
func fullLine(t testing.TB) []byte {
	t.Helper()
	head := header{
		Schema: Schema, Type: typeDecision, DecisionID: "1", Timestamp: time.Date(2026, time.November, 23, 5, 0, 0, 123, time.UTC), Path: PathValidate,
		Labels:  map[string]string{"id": "ä"},
		Bundles: Bundles{Library: Bundle{Revision: "a", Generation: 1}, Guardrails: Bundle{Revision: "b", Generation: 7}},
		Metrics: Metrics{Handler: 5}, Error: `"quoted" & long`,
		Reads: []Read{
			{Path: []string{"statefulsets", "default", "web"}, Object: "sha256:1"}, {Path: []string{"pods", "default", "web-0"}, Absent: true},
			{Path: []string{"selecting", "services", "default", `{"app":"web"}`}, Objects: map[string]string{"web": "sha256:1"}}, {Path: []string{"nodes"}},
		},
		Unknown: []string{"nodes"}, Erased: []string{"/input/request/object/metadata/managedFields"}, Masked: []string{"/input/request/object/data"},
	}
	asked := request{
		UID: "1", Kind: metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"},
		Resource: metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}, SubResource: "scale", Name: "web", Namespace: "default",
		Operation: admissionv1.Update, UserInfo: authenticationv1.UserInfo{Username: "admin", UID: "2", Groups: []string{"a", "b"}}, DryRun: ptr.To(true),
	}
	for _, each := range []any{head, asked} {
		fields := reflect.ValueOf(each)
		for index := range fields.NumField() {
			if fields.Field(index).IsZero() {
				t.Errorf("%T.%s has no value here", each, fields.Type().Field(index).Name)
			}
		}
	}
	encode := func(value any) []byte {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	review := appendField(appendField(appendField(unclosed(encode(asked)), "object", []byte(`{"a":1}`)), "oldObject", []byte(`{"a":2}`)), "options", []byte(`{}`))
	input := appendField([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"`), "request", append(review, '}'))
	line := appendField(unclosed(encode(head)), "input", append(input, '}'))
	line = appendField(line, "result", []byte(`{"allowed":true}`))
	return append(appendField(line, "objects", []byte(`{"sha256:1":{"kind":"StatefulSet"}}`)), "}\n"...)
}

func TestUsualReadsAllThatIsWritten(t *testing.T) {
	t.Parallel()
	line := fullLine(t)
	got, ok := usual(line)
	if !ok {
		t.Fatalf("not read: %s", line)
	}
	want, err := parse(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Record{})); diff != "" {
		t.Errorf("-encoding/json +usual:\n%s", diff)
	}
}

// FuzzUsual compares with encoding/json: what is read in the usual form is read as it is by that.
func FuzzUsual(f *testing.F) {
	f.Add(fullLine(f))
	for _, fields := range []string{
		`"schema":"a"}`, `"Type":"a"}`, `"error":null}`, `"error":"","error":"b"}`, `"error":"\ud800"}`, "\"error\":\"\x01\"}", "\"error\":\"\xff\"}",
		`"error":"a"} {}`, "\"error\":\"a\"} \x00", `"reads":[{"path":[]}],"unknown":[]}`, `"reads":[],"reads":[{"absent":true,"absent":false}]}`,
		`"timestamp":null}`, `"metrics":{"timer_server_handler_ns":-0}}`, `"labels":{"a":"b","a":""},"objects":{"a":{},"a":[]}}`,
		`"input":{"kind":"A","request":{"dryRun":true,"dryRun":false}}}`, `"result":null}`,
	} {
		f.Add([]byte(`{"schema":"` + Schema + `","type":"decision","path":"validate",` + fields))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		got, ok := usual(line)
		if !ok || readable(got.Schema, got.Type) != nil {
			return
		}
		want, err := parse(line)
		if wrong := got.check(); wrong != nil {
			if err == nil || err.Error() != wrong.Error() {
				t.Errorf("error %v instead of %v", wrong, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Record{})); diff != "" {
			t.Errorf("-encoding/json +usual:\n%s", diff)
		}
	})
}
