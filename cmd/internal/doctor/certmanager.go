package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/webhook/registration"
)

// scheme knows Kubernetes' and cert-manager's types.
func scheme() (*runtime.Scheme, error) {
	known := runtime.NewScheme()
	return known, errors.Join(clientgoscheme.AddToScheme(known), cmapi.AddToScheme(known))
}

// issued is what Issuers and Certificates of cert-manager have in common, and is of interest.
type issued struct {
	kind, name, secret string
	// ready is nil where cert-manager has set no such condition.
	ready *condition
	// attempts have failed, the last at lastFailure.
	attempts    int
	lastFailure *metav1.Time
}

// condition is the Ready condition of either kind, whose types differ in cert-manager.
type condition struct {
	status          cmmeta.ConditionStatus
	reason, message string
}

// checkCertManager reports why a certificate of cert-manager is missing.
func (e *examination) checkCertManager(ctx context.Context) {
	for _, of := range []struct {
		kind string
		list func(context.Context) ([]issued, error)
	}{{cmapi.IssuerKind, e.issuers}, {cmapi.CertificateKind, e.certificates}} {
		found, err := of.list(ctx)
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			if e.registered.byCertManager {
				e.problem("", "install cert-manager, or apply the overlay self-managed",
					"the registration requires cert-manager for its caBundle, but cert-manager is not installed")
			}
			return
		}
		if err != nil {
			e.unchecked("", "", err, "the %ss of cert-manager cannot be read", of.kind)
			continue
		}
		for _, each := range found {
			e.checkIssued(each)
		}
	}
}

func (e *examination) issuers(ctx context.Context) (found []issued, err error) {
	var list cmapi.IssuerList
	err = e.client.List(ctx, &list, client.InNamespace(registration.Namespace))
	for _, each := range list.Items {
		issuer := issued{kind: cmapi.IssuerKind, name: each.Name}
		for _, set := range each.Status.Conditions {
			if set.Type == cmapi.IssuerConditionReady {
				issuer.ready = &condition{set.Status, set.Reason, set.Message}
			}
		}
		found = append(found, issuer)
	}
	return found, err
}

func (e *examination) certificates(ctx context.Context) (found []issued, err error) {
	var list cmapi.CertificateList
	err = e.client.List(ctx, &list, client.InNamespace(registration.Namespace))
	for _, each := range list.Items {
		certificate := issued{
			kind: cmapi.CertificateKind, name: each.Name, secret: each.Spec.SecretName,
			attempts: ptr.Deref(each.Status.FailedIssuanceAttempts, 0), lastFailure: each.Status.LastFailureTime,
		}
		for _, set := range each.Status.Conditions {
			if set.Type == cmapi.CertificateConditionReady {
				certificate.ready = &condition{set.Status, set.Reason, set.Message}
			}
		}
		found = append(found, certificate)
	}
	return found, err
}

func (e *examination) checkIssued(object issued) {
	at := fmt.Sprintf("%s/%s/%s", object.kind, registration.Namespace, object.name)
	switch ready := object.ready; {
	case ready == nil:
		e.problem(at, "check that the cert-manager controller runs: kubectl -n cert-manager get pods",
			"cert-manager has not processed it yet")
	case ready.status == cmmeta.ConditionTrue:
		e.ok(at, "cert-manager reports it ready")
	default:
		words, fix := explain(ready.reason, object.secret)
		describe := fmt.Sprintf("kubectl -n %s describe %s %s", registration.Namespace, object.kind, object.name)
		e.problem(at, cmp.Or(fix, describe), "%s (cert-manager reports %s: %s)%s", words, ready.reason, ready.message, attempts(object))
	}
}

func attempts(object issued) string {
	if object.attempts == 0 || object.lastFailure == nil {
		return ""
	}
	return fmt.Sprintf("; %d attempts have failed, the last at %s, and cert-manager waits longer after each",
		object.attempts, object.lastFailure.UTC().Format(time.RFC3339))
}

// explain puts a reason of cert-manager's into words. Source: internal/controller/certificates/policies/constants.go.
func explain(reason, secret string) (words, fix string) {
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
