package contestants

import (
	"context"
	"net"
	"strconv"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/stateward/stateward/test/bench/contest/rules"
)

// label of a namespace names who judges what happens in it.
const label = "contest"

// Namespace creates a namespace in which only the contestant of this slug decides. Gatekeeper needs it in its own API server
// too.
func (a *Arena) Namespace(ctx context.Context, slug string) (string, error) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "judged-by-" + slug, Labels: map[string]string{label: slug}}}
	other, err := kubernetes.NewForConfig(a.other.Config())
	if err != nil {
		return "", err
	}
	for _, client := range []kubernetes.Interface{a.Main.Client, other} {
		if _, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return "", err
		}
	}
	return namespace.Name, a.surround(ctx, namespace.Name)
}

// Register registers the contestant at the main API server, for creations of StatefulSets in its namespace.
func (a *Arena) Register(ctx context.Context, contestant Contestant) error {
	url := "https://" + net.JoinHostPort(Anywhere, strconv.Itoa(contestant.Port)) + contestant.Path
	none, fail := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Fail
	_, err := a.Main.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: contestant.Slug},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:              contestant.Slug + ".contest.example.com",
			ClientConfig:      admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: a.Certificate.PEM},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{label: contestant.Slug}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"statefulsets"}},
			}},
			SideEffects: &none, FailurePolicy: &fail, AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	return err
}

// Policy is the slug of the ValidatingAdmissionPolicy.
const Policy = "vap"

// ApplyPolicy gives the main API server the ValidatingAdmissionPolicy, and binds it to the namespace of its slug.
func (a *Arena) ApplyPolicy(ctx context.Context) error {
	manifest, err := rules.VAP()
	if err != nil {
		return err
	}
	return kubectl(ctx, a.Main.Cluster, manifest, "create", "-f", "-")
}
