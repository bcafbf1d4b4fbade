package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNullWebhookAllowsTheRequestUID(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	allow(answer, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"request":{"uid":"first","object":{"metadata":{"uid":"second"}}}}`)))
	want := `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"first","allowed":true}}`
	if diff := cmp.Diff(want, answer.Body.String()); diff != "" {
		t.Error(diff)
	}
}
