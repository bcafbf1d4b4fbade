package corpus_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/bench/contest/corpus"
)

func TestCorpusIsDeterministic(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(bodies(t), bodies(t)); diff != "" {
		t.Error(diff)
	}
}

func bodies(t *testing.T) (bodies []string) {
	for _, review := range reviews(t) {
		bodies = append(bodies, string(review.Body))
	}
	return bodies
}

func TestCorpusHasSixHundredReviewsFourInTenDenied(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for _, review := range reviews(t) {
		count["all"]++
		count[review.Operation]++
		if !review.Allowed {
			count["denied"]++
		}
	}
	want := map[string]int{"all": 600, "denied": 238, "create": 248, "update": 168, "scale": 98, "delete": 86}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Error(diff)
	}
}

func TestObjectsHaveAboutTheirNamedSize(t *testing.T) {
	t.Parallel()
	for _, review := range reviews(t) {
		var asked admissionv1.AdmissionReview
		if err := json.Unmarshal(review.Body, &asked); err != nil {
			t.Fatal(err)
		}
		object := asked.Request.Object.Raw
		if review.Operation == corpus.Scale || review.Operation == corpus.Delete {
			continue
		}
		if got := len(object); got < review.KiB<<10*85/100 || got > review.KiB<<10*150/100 {
			t.Errorf("%s of %d KiB has %d bytes", review.Operation, review.KiB, got)
		}
	}
}

func TestNumberedChangesTheUIDOnly(t *testing.T) {
	t.Parallel()
	review := reviews(t)[0]
	var asked, before admissionv1.AdmissionReview
	if err := json.Unmarshal(review.Numbered(nil, 12345), &asked); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(review.Body, &before); err != nil {
		t.Fatal(err)
	}
	before.Request.UID = types.UID(corpus.UID(12345))
	if diff := cmp.Diff(before, asked); diff != "" {
		t.Error(diff)
	}
}

func reviews(t *testing.T) []*corpus.Review {
	t.Helper()
	all, err := corpus.New()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
