package admission

import (
	"encoding/json"
	"errors"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// isSecret reports whether a request is about a Secret.
func isSecret(request *admissionv1.AdmissionRequest) bool {
	return request.Resource.Group == "" && request.Resource.Resource == "secrets" || request.Kind.Group == "" && request.Kind.Kind == "Secret"
}

// errSecret does not quote the content that could not be read.
var errSecret = errors.New("the Secret in the AdmissionReview is not a JSON object with Kubernetes' metadata")

// bare reduces the Secret in a request to its metadata and its type. Tools keep copies of all fields
// in annotations, so it keeps only annotations that rules read.
func bare(request *admissionv1.AdmissionRequest) error {
	if !isSecret(request) {
		return nil
	}
	for _, version := range []*runtime.RawExtension{&request.Object, &request.OldObject} {
		if len(version.Raw) == 0 {
			continue
		}
		var err error
		if version.Raw, err = bareSecret(version.Raw); err != nil {
			return errSecret
		}
		version.Object = nil
	}
	return nil
}

func bareSecret(raw []byte) ([]byte, error) {
	var kept *struct {
		metav1.PartialObjectMetadata `json:",inline"`
		Type                         string `json:"type,omitempty"`
	}
	if err := json.Unmarshal(raw, &kept); err != nil || kept == nil {
		return []byte("null"), err
	}
	kept.ManagedFields = nil
	for name := range kept.Annotations {
		if !isReadOfSecrets(name) {
			delete(kept.Annotations, name)
		}
	}
	return json.Marshal(kept)
}

// isReadOfSecrets names the annotations by which people talk to Stateward, and those of Helm.
func isReadOfSecrets(annotation string) bool {
	domain, _, _ := strings.Cut(annotation, "/")
	return domain == "stateward.dev" || domain == "helm.sh" || domain == "meta.helm.sh"
}
