package contestants

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/stateward/stateward/test/bench/contest/rules"
)

// judgedBy begins the label of a namespace in which the contestant of the slug behind it decides.
const judgedBy = "judged-by-"

// Namespace creates a namespace in which no contestant decides yet, in both API servers: Gatekeeper needs it in its own too.
func (a *Arena) Namespace(ctx context.Context, slug string) (string, error) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: judgedBy + slug}}
	err := a.eachServer(func(namespaces typedcorev1.NamespaceInterface) error {
		_, err := namespaces.Create(ctx, namespace, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return "", err
	}
	return namespace.Name, a.surround(ctx, namespace.Name)
}

// Judge lets the contestant of this slug decide about requests in the namespace.
func (a *Arena) Judge(ctx context.Context, namespace, slug string) error {
	patch := fmt.Appendf(nil, `{"metadata": {"labels": {%q: "yes"}}}`, judgedBy+slug)
	return a.eachServer(func(namespaces typedcorev1.NamespaceInterface) error {
		_, err := namespaces.Patch(ctx, namespace, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	})
}

func (a *Arena) eachServer(do func(typedcorev1.NamespaceInterface) error) error {
	other, err := kubernetes.NewForConfig(a.other.Config())
	if err != nil {
		return err
	}
	return errors.Join(do(a.Main.Client.CoreV1().Namespaces()), do(other.CoreV1().Namespaces()))
}

// Register registers the contestant at the main API server, for all that the common rules judge in its namespaces.
func (a *Arena) Register(ctx context.Context, contestant Contestant) error {
	url := "https://" + net.JoinHostPort(Anywhere, strconv.Itoa(contestant.Port)) + contestant.Path
	none, fail := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Fail
	rule := func(resource string, operations ...admissionregistrationv1.OperationType) admissionregistrationv1.RuleWithOperations {
		return admissionregistrationv1.RuleWithOperations{
			Operations: operations,
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{resource}},
		}
	}
	_, err := a.Main.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: contestant.Slug},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:              webhookName(contestant.Slug),
			ClientConfig:      admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: a.Certificate.PEM},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{judgedBy + contestant.Slug: "yes"}},
			Rules: []admissionregistrationv1.RuleWithOperations{
				rule("statefulsets", admissionregistrationv1.Create, admissionregistrationv1.Update, admissionregistrationv1.Delete),
				rule("statefulsets/scale", admissionregistrationv1.Update),
			},
			SideEffects: &none, FailurePolicy: &fail, AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	return err
}

func webhookName(slug string) string { return slug + ".contest.example.com" }

// Denial is what the API server says first when the contestant of this slug denies a request.
func Denial(slug string) string {
	if slug == Policy {
		return "ValidatingAdmissionPolicy 'common'"
	}
	return fmt.Sprintf("admission webhook %q denied", webhookName(slug))
}

// Policy is the slug of the ValidatingAdmissionPolicy.
const Policy = "vap"

// ApplyPolicy gives the main API server the ValidatingAdmissionPolicy, and binds it to the namespaces with its label.
func (a *Arena) ApplyPolicy(ctx context.Context) error {
	manifest, err := rules.VAP()
	if err != nil {
		return err
	}
	return kubectl(ctx, a.Main.Cluster, manifest, "create", "-f", "-")
}
