package certmanager_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/cert-manager/cert-manager/pkg/client/clientset/versioned"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/certmanager"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	namespace   = registration.Namespace
	authority   = "stateward-ca"
	serving     = "stateward-serving"
	serviceName = registration.Name + "." + namespace + ".svc"
	// kubeletLag is how much later than API servers a pod sees a new Secret. It is up to a minute and a half in a cluster;
	// what counts is that API servers are first.
	kubeletLag = 3 * time.Second
)

// installation is the overlay cert-manager on a real control plane with cert-manager's own controllers.
type installation struct {
	*environment.Environment
	certificates versioned.Interface
	folder       string
	replica      *environment.Replica
	// projected is the resource version of the Secret that the pod sees.
	projected atomic.Value
}

// install applies what the overlay has. There is no proxy by which an API server could reach a Service, so the webhooks
// are called by a loopback address, for which the certificate is good beside the name of the Service. Nothing else is
// changed.
func install(t *testing.T) *installation {
	t.Helper()
	i := &installation{Environment: environment.ForTestWith(t, environment.Options{Bare: true}), folder: t.TempDir()}
	var err error
	if i.certificates, err = versioned.NewForConfig(i.Config()); err != nil {
		t.Fatal(err)
	}
	i.startCertManager(t)
	rest, webhooks := i.overlay(t)
	i.apply(t, rest)
	i.await(t, "the Secret of the serving certificate", func(ctx context.Context) (bool, error) {
		secret, err := i.Client.CoreV1().Secrets(namespace).Get(ctx, serving, metav1.GetOptions{})
		return err == nil && len(secret.Data["tls.crt"]) > 0, nil
	})
	i.mount(t)
	if i.replica, err = i.AddReplica(t.Context(), "stateward", "127.0.0.1",
		"--cert-file", filepath.Join(i.folder, "tls.crt"), "--key-file", filepath.Join(i.folder, "tls.key"),
		"--certificate-hosts", serviceName, "--shutdown-delay", "0s", "--shutdown-timeout", "0s"); err != nil {
		t.Fatal(err)
	}
	for _, configuration := range webhooks {
		i.callByAddress(t, configuration)
	}
	i.apply(t, webhooks)
	return i
}

// startCertManager installs the CRDs of its module and runs its controllers until the test ends.
func (i *installation) startCertManager(t *testing.T) {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager").Output()
	if err != nil {
		t.Fatal(err)
	}
	crds := filepath.Join(strings.TrimSpace(string(module)), "deploy", "crds")
	if err := i.MustKubectl(t.Context(), "create", "-f", crds); err != nil {
		t.Fatal(err)
	}
	if err := i.MustKubectl(t.Context(), "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- certmanager.Run(ctx, i.Kubeconfig(), i.Config()) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("cert-manager: %v", err)
		}
	})
}

// overlay is what `kubectl apply -k` would apply, the webhook configurations apart.
func (i *installation) overlay(t *testing.T) (rest, webhooks []*unstructured.Unstructured) {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	output, err := i.Kubectl(t.Context(), "kustomize", filepath.Join(root, "manifests", "overlays", "cert-manager"))
	if err != nil || output.ExitCode != 0 {
		t.Fatalf("kubectl kustomize: %v %s", err, output.Stderr)
	}
	for document := range strings.SplitSeq(output.Stdout, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), object); err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(object.GetKind(), "WebhookConfiguration"):
			webhooks = append(webhooks, object)
			continue
		case object.GetKind() == "Certificate" && object.GetName() == serving:
			set(t, object, []any{"127.0.0.1"}, "spec", "ipAddresses")
		}
		rest = append(rest, object)
	}
	return rest, webhooks
}

// callByAddress replaces the Service in the webhooks.
func (i *installation) callByAddress(t *testing.T, configuration *unstructured.Unstructured) {
	t.Helper()
	webhooks, _, err := unstructured.NestedSlice(configuration.Object, "webhooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range webhooks {
		webhook, ok := each.(map[string]any)
		if !ok {
			t.Fatalf("webhook is a %T", each)
		}
		path, _, err := unstructured.NestedString(webhook, "clientConfig", "service", "path")
		if err != nil {
			t.Fatal(err)
		}
		webhook["clientConfig"] = map[string]any{"url": "https://" + i.replica.Address + path}
	}
	set(t, configuration, webhooks, "webhooks")
}

func set(t *testing.T, object *unstructured.Unstructured, value []any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedSlice(object.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

func (i *installation) apply(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	var stream bytes.Buffer
	for _, object := range objects {
		text, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		stream.Write(text)
	}
	output, err := i.KubectlWithInput(t.Context(), &stream, "apply", "--server-side", "--force-conflicts", "-f", "-")
	if err != nil || output.ExitCode != 0 {
		t.Fatalf("kubectl apply: %v %s", err, output.Stderr)
	}
}

// mount keeps the Secret in a folder, as a kubelet does, and late.
func (i *installation) mount(t *testing.T) {
	t.Helper()
	look := func(ctx context.Context) error {
		secret, err := i.Client.CoreV1().Secrets(namespace).Get(ctx, serving, metav1.GetOptions{})
		if err != nil || secret.ResourceVersion == i.projected.Load() {
			return err
		}
		if i.projected.Load() != nil {
			time.Sleep(kubeletLag)
		}
		i.projected.Store(secret.ResourceVersion)
		return environment.Project(i.folder, map[string][]byte{"tls.crt": secret.Data["tls.crt"], "tls.key": secret.Data["tls.key"]})
	}
	if err := look(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			if err := look(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("mount the Secret: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { stop(); <-stopped })
}

// renew does what `cmctl renew` does, and returns when cert-manager has issued another certificate.
func (i *installation) renew(t *testing.T, name string) {
	t.Helper()
	api := i.certificates.CertmanagerV1().Certificates(namespace)
	certificate, err := api.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	revision := certificate.Status.Revision
	now := metav1.Now()
	certificate.Status.Conditions = append(certificate.Status.Conditions, cmapi.CertificateCondition{
		Type: cmapi.CertificateConditionIssuing, Status: cmmeta.ConditionTrue, Reason: "ManuallyTriggered",
		Message: "renewed by the test", LastTransitionTime: &now, ObservedGeneration: certificate.Generation,
	})
	if _, err := api.UpdateStatus(t.Context(), certificate, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	i.await(t, "Certificate "+name+" is issued again", func(ctx context.Context) (bool, error) {
		certificate, err := api.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return certificate.Status.Revision != nil && *certificate.Status.Revision > *revision && ready(certificate), nil
	})
}

func ready(certificate *cmapi.Certificate) bool {
	for _, condition := range certificate.Status.Conditions {
		if condition.Type == cmapi.CertificateConditionReady {
			return condition.Status == cmmeta.ConditionTrue
		}
	}
	return false
}

// await polls: what is waited for comes true in seconds, and the deadline is far beyond.
func (i *installation) await(t *testing.T, what string, done func(context.Context) (bool, error)) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		ok, err := done(t.Context())
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no sign that %s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
