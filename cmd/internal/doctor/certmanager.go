package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/webhook/registration"
)

// certManagerObject is what Issuers and Certificates of cert-manager have in common, and is of interest.
type certManagerObject struct {
	Metadata struct{ Name string }
	Spec     struct{ SecretName string }
	Status   struct {
		Conditions          []metav1.Condition
		LastFailureTime     string
		FailedIssuanceCount int `json:"failedIssuanceAttempts"`
	}
}

// checkCertManager reports why a certificate of cert-manager is missing.
func (e *examination) checkCertManager(ctx context.Context) {
	for _, kind := range []string{"Issuer", "Certificate"} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: kind + "List"})
		err := e.client.List(ctx, list, client.InNamespace(registration.Namespace))
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			if e.registered.byCertManager {
				e.problem("", "install cert-manager, or apply the overlay self-managed",
					"the registration requires cert-manager for its caBundle, but cert-manager is not installed")
			}
			return
		}
		if err != nil {
			e.unchecked("", "", err, "the %ss of cert-manager cannot be read", kind)
			continue
		}
		for _, item := range list.Items {
			e.checkIssued(kind, item)
		}
	}
}

func (e *examination) checkIssued(kind string, item unstructured.Unstructured) {
	at := fmt.Sprintf("%s/%s/%s", kind, item.GetNamespace(), item.GetName())
	describe := fmt.Sprintf("kubectl -n %s describe %s %s", item.GetNamespace(), kind, item.GetName())
	var object certManagerObject
	encoded, err := item.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(encoded, &object)
	}
	if err != nil {
		e.unchecked(at, describe, err, "its status cannot be read")
		return
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, "Ready")
	switch {
	case ready == nil:
		e.problem(at, "check that the cert-manager controller runs: kubectl -n cert-manager get pods",
			"cert-manager has not processed it yet")
	case ready.Status == metav1.ConditionTrue:
		e.ok(at, "cert-manager reports it ready")
	default:
		words, fix := explain(ready.Reason, object)
		e.problem(at, cmp.Or(fix, describe), "%s (cert-manager reports %s: %s)%s", words, ready.Reason, ready.Message, attempts(object))
	}
}

func attempts(object certManagerObject) string {
	if object.Status.FailedIssuanceCount == 0 {
		return ""
	}
	return fmt.Sprintf("; %d attempts have failed, the last at %s, and cert-manager waits longer after each",
		object.Status.FailedIssuanceCount, object.Status.LastFailureTime)
}

// explain puts a reason of cert-manager's into words. Source: internal/controller/certificates/policies/constants.go.
func explain(reason string, object certManagerObject) (words, fix string) {
	secret := object.Spec.SecretName
	requests := fmt.Sprintf("check the requests: kubectl -n %s get certificaterequests", registration.Namespace)
	switch reason {
	case "DoesNotExist":
		return fmt.Sprintf("the certificate was never issued: Secret %s does not exist, and the pods wait for it", secret), requests
	case "MissingData", "InvalidKeyPair", "InvalidCertificate", "InvalidManagedFields":
		return fmt.Sprintf("Secret %s has no certificate with its key; something else wrote to it", secret),
			fmt.Sprintf("delete it, and cert-manager creates it again: kubectl -n %s delete secret %s", registration.Namespace, secret)
	case "SecretMismatch", "RequestChanged", "IncorrectIssuer", "IncorrectCertificate":
		return fmt.Sprintf("the certificate in Secret %s does not match this Certificate", secret), requests
	case "Expired":
		return "the certificate has expired and was not renewed", requests
	case "Renewing":
		return "the certificate is due for renewal", requests
	case "Pending", "Issuing", "InProgress":
		return "the certificate is being issued; if this takes longer than a minute, its issuer does not respond", requests
	case "Failed", "Denied":
		return "the issuer refused to issue the certificate", requests
	case "ErrGetKeyPair", "ErrInvalidKeyPair":
		return "the issuer has no CA to sign with: the Secret of its own Certificate is missing or unusable", ""
	default:
		return "it is not ready", ""
	}
}
