package replay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/decisionlog"
)

func TestExceptionsAreAsNarrowAsPossible(t *testing.T) {
	t.Parallel()
	on := func(number int) time.Time { return time.Date(2026, 11, number, 12, 0, 0, 0, time.UTC) }
	account := "system:serviceaccount:flux-system:kustomize-controller"
	found := Denials{}
	for _, each := range []Denial{
		{Rule: "headless-service", User: account, Namespace: "data", Names: []string{"db"}, Count: 2, First: on(3), Last: on(5)},
		{Rule: "canary-first", User: account, Namespace: "data", Names: []string{"db"}, Count: 1, First: on(4), Last: on(9)},
		{Rule: "canary-first", User: account, Namespace: "data", Names: []string{"db"}, Count: 3, First: on(2), Last: on(2)},
		{Rule: "canary-first", User: "alice", Namespace: "data", Names: []string{"db"}, Count: 1, First: on(6), Last: on(6)},
		{Rule: "cascade-delete", User: account, Namespace: "data", Names: []string{"db"}, Count: 1, First: on(6), Last: on(6)},
		{Rule: "canary-first", User: "a*", Namespace: "data", Names: []string{"db"}, Count: 1, First: on(6), Last: on(6)},
		{Rule: "canary-first", User: "bob", Namespace: "data", Names: []string{""}, Count: 2, First: on(6), Last: on(6)},
		{Rule: "canary-first", User: "carol", Namespace: "data", Names: []string{"run-*"}, Count: 1, First: on(6), Last: on(6)},
		{Rule: "canary-first", User: "carol", Namespace: "*", Names: []string{"db"}, Count: 1, First: on(6), Last: on(6)},
		{Rule: "canary-first", User: "system:serviceaccount:A:b", Namespace: "data", Names: []string{"db"}, Count: 1, First: on(6), Last: on(6)},
	} {
		found.keep(each)
	}
	made := found.Exceptions(builders.Library(t), "team-db", on(29))
	want := Exceptions{
		List: []v1alpha1.Exception{{
			Rules:  []string{"canary-first"},
			Match:  v1alpha1.Match{Namespaces: []string{"data"}, Names: []string{"db"}, Subjects: []v1alpha1.Subject{{Kind: "User", Name: "alice"}}},
			Reason: "1 request would have been denied on 2026-11-06", Owner: "team-db", Expires: "2027-02-27T00:00:00Z",
		}, {
			Rules:  []string{"canary-first", "headless-service"},
			Match:  v1alpha1.Match{Namespaces: []string{"data"}, Names: []string{"db"}, Subjects: []v1alpha1.Subject{{Kind: "ServiceAccount", Namespace: "flux-system", Name: "kustomize-controller"}}},
			Reason: "4 requests would have been denied from 2026-11-02 to 2026-11-09", Owner: "team-db", Expires: "2027-02-27T00:00:00Z",
		}},
		NotMade: []string{
			`1 request of a* that canary-first would deny: user name "a*" cannot be matched`,
			`2 requests of bob that canary-first would deny: name "" cannot be matched`,
			`1 request of carol that canary-first would deny: namespace "*" cannot be matched`,
			"1 request of carol that canary-first would deny: the API server generates the names run-*, and an exception for all of them is broader than what was denied: add it by hand, if you want it",
			`1 request of system:serviceaccount:A:b that canary-first would deny: user name "system:serviceaccount:A:b" cannot be matched`,
			"1 request of " + account + " that cascade-delete would deny: the rule is about loss of data, so each of them is confirmed when it is made",
		},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDenialsNameWhatAnExceptionMustMatch(t *testing.T) {
	t.Parallel()
	for want, asked := range map[string]admissionv1.AdmissionRequest{
		"web":    {Name: "web"},
		"run-*":  {Object: object(`{"metadata":{"generateName":"run-"}}`)},
		"run-ab": {Name: "other", Object: object(`{"metadata":{"name":"run-ab","generateName":"run-"}}`)},
		"old":    {OldObject: object(`{"metadata":{"name":"old"}}`)},
		"":       {Object: object(`[]`)},
	} {
		if got := nameToExcept(&decisionlog.Record{Request: asked}); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func object(text string) runtime.RawExtension { return runtime.RawExtension{Raw: []byte(text)} }

func TestExceptionsHoldAHundredNamesEach(t *testing.T) {
	t.Parallel()
	denial := Denial{Rule: "canary-first", User: "alice", Namespace: "data", Count: 250}
	for index := range 250 {
		denial.Names = append(denial.Names, fmt.Sprintf("db-%03d", index))
	}
	var sizes []int
	found := Denials{}
	found.keep(denial)
	for _, each := range found.Exceptions(builders.Library(t), "team-db", time.Now()).List {
		sizes = append(sizes, len(each.Match.Names))
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("exceptions of %v names", sizes)
	}
}

func TestDenialsBeyondTheLimitAreCounted(t *testing.T) {
	t.Parallel()
	found := Denials{}
	for index := range mostDenied + 3 {
		found.keep(Denial{Rule: "canary-first", User: "alice", Namespace: strconv.Itoa(index % 7), Names: []string{strconv.Itoa(index)}, Count: 2})
	}
	made := found.Exceptions(builders.Library(t), "team-db", time.Now())
	if found.LeftOut != 6 || !strings.HasPrefix(made.NotMade[len(made.NotMade)-1], "6 requests on more than 10,000 objects: ") {
		t.Errorf("%d are left out: %v", found.LeftOut, made.NotMade)
	}
}
