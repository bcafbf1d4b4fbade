package admission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies/engine"
)

// TestHandlerAllowsKubernetesControllers sends what Kubernetes' own controllers asked for while a StatefulSet was
// created, scaled, updated and deleted. A controller ignores a warning, and a denial would block the cluster.
func TestHandlerAllowsKubernetesControllers(t *testing.T) {
	t.Parallel()
	lines := bytes.Split(bytes.TrimSpace(read(t, "controllers.jsonl")), []byte("\n"))
	if len(lines) != 54 {
		t.Fatalf("%d recorded requests, want 54", len(lines))
	}
	for phase, name := range map[engine.Phase]string{engine.ValidatingPhase: "validate", engine.MutatingPhase: "mutate"} {
		url := serve(t, newHandler(t, phase))
		for index, line := range lines {
			t.Run(fmt.Sprintf("%s line %d", name, index+1), func(t *testing.T) {
				t.Parallel()
				var review admissionv1.AdmissionReview
				if err := json.Unmarshal(line, &review); err != nil {
					t.Fatal(err)
				}
				got := post(t, url, contentType, line)
				// What the audit log says of it is another matter.
				got.AuditAnnotations = nil
				want := &admissionv1.AdmissionResponse{
					UID: review.Request.UID, Allowed: true, Result: &metav1.Status{Code: http.StatusOK},
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("response to %s (-want +got):\n%s", review.Request.UserInfo.Username, diff)
				}
			})
		}
	}
}
