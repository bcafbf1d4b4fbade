package registrar_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/registrar"
	"github.com/stateward/stateward/webhook/registration"
)

// desk is a Registrar with what it meets.
type desk struct {
	*registrar.Registrar
	api    client.Client
	policy registrar.Policy
	now    time.Time
	// reads, writes and reports are counted; refused is what every write meets.
	reads, writes, reports int
	refused                error
	condition              *metav1.Condition
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	library := builders.Library(t)
	target := registration.Target{URL: "https://127.0.0.1:9443", CABundle: []byte("authority")}
	d := &desk{now: time.Date(2026, time.November, 30, 3, 0, 0, 0, time.UTC)}
	d.policy = registrar.Policy{Library: library, Guardrails: guardrails(true)}
	stored := fake.NewClientBuilder().WithScheme(scheme.Scheme).
		WithObjects(registration.Validating(library, target), registration.Mutating(library, target)).Build()
	d.api = interceptor.NewClient(stored, interceptor.Funcs{
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			d.reads++
			return api.Get(ctx, key, object, options...)
		},
		Patch: func(ctx context.Context, api client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			d.writes++
			if d.refused != nil {
				return d.refused
			}
			return api.Patch(ctx, object, patch, options...)
		},
	})
	d.Registrar = registrar.New(registrar.Options{
		Policy: func() (registrar.Policy, error) {
			if d.policy.Library == nil {
				return registrar.Policy{}, errors.New("not known")
			}
			return d.policy, nil
		},
		Reader: d.api, Writer: d.api,
		Alone: func(ctx context.Context, work func(context.Context)) error {
			work(ctx)
			return nil
		},
		Report: func(_ context.Context, condition *metav1.Condition) error {
			d.reports++
			d.condition = condition
			return nil
		},
		Now: func() time.Time { return d.now }, Log: logr.Discard(),
	})
	return d
}

func guardrails(manage bool) *v1alpha1.Guardrails {
	return &v1alpha1.Guardrails{Spec: v1alpha1.GuardrailsSpec{
		Parents:      []v1alpha1.Parent{{Group: "example.com", Kind: "Shop"}},
		Registration: &v1alpha1.Registration{Manage: manage},
	}}
}

// lookAfter looks when so much time has passed, and returns how many writes that made.
func (d *desk) lookAfter(t *testing.T, passed time.Duration) int {
	t.Helper()
	d.now = d.now.Add(passed)
	before := d.writes
	d.Look(t.Context())
	return d.writes - before
}

func (d *desk) managed(t *testing.T) (names []string) {
	t.Helper()
	var validating admissionregistrationv1.ValidatingWebhookConfiguration
	if err := d.api.Get(t.Context(), client.ObjectKey{Name: registration.Name}, &validating); err != nil {
		t.Fatal(err)
	}
	for _, each := range validating.Webhooks {
		if registration.IsManaged(each.Name) {
			names = append(names, each.Name)
		}
	}
	return names
}

func TestRegistrarWritesOnceAndRemovesWhenOff(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if got := d.lookAfter(t, 0); got != 2 {
		t.Errorf("%d writes for two configurations", got)
	}
	want := []string{"managed-critical.stateward.dev", "managed-confirmation.stateward.dev", "managed-owner.stateward.dev"}
	if diff := cmp.Diff(want, d.managed(t)); diff != "" {
		t.Errorf("managed (-want +got):\n%s", diff)
	}
	for range 20 {
		if got := d.lookAfter(t, 10*time.Second); got != 0 {
			t.Fatalf("%d writes where nothing changes", got)
		}
	}
	if d.condition == nil || d.condition.Status != metav1.ConditionTrue {
		t.Errorf("condition %v", d.condition)
	}

	d.policy.Guardrails = guardrails(false)
	if got := d.lookAfter(t, time.Second); got != 2 || len(d.managed(t)) > 0 || d.condition != nil {
		t.Errorf("%d writes when it is off, left are %v, condition %v", got, d.managed(t), d.condition)
	}
	reads := d.reads
	d.lookAfter(t, time.Hour)
	if d.reads != reads {
		t.Errorf("%d reads with nothing to manage and nothing left", d.reads-reads)
	}
}

func TestRegistrarNeedsActiveGuardrails(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.lookAfter(t, 0)
	d.policy = registrar.Policy{}
	if got := d.lookAfter(t, time.Minute); got != 0 || len(d.managed(t)) != 3 {
		t.Errorf("%d writes, managed are %v", got, d.managed(t))
	}
}

func TestRegistrarNamesMissingRights(t *testing.T) {
	t.Parallel()
	resource := schema.GroupResource{Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations"}
	tests := map[string]struct {
		refused error
		reason  string
		words   []string
	}{
		"the right": {
			apierrors.NewForbidden(resource, "stateward", errors.New(`User "stateward" cannot patch resource "validatingwebhookconfigurations"`)),
			"RightMissing", []string{"cannot patch resource", "Fix: " + registrar.Remedy, "rules registration --config"},
		},
		"a policy of the API server": {
			apierrors.NewForbidden(resource, "stateward", errors.New("ValidatingAdmissionPolicy 'stateward-registration' denied request")),
			"NotWritten", []string{"denied request", "rules registration --config"},
		},
		"something else": {errors.New("timeout"), "NotWritten", []string{"patch ValidatingWebhookConfiguration stateward: timeout"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.refused = test.refused
			d.lookAfter(t, 0)
			if d.condition == nil || d.condition.Status != metav1.ConditionFalse || d.condition.Reason != test.reason {
				t.Fatalf("condition %v", d.condition)
			}
			for _, word := range test.words {
				if !strings.Contains(d.condition.Message, word) {
					t.Errorf("no %q in %s", word, d.condition.Message)
				}
			}
			if test.reason != "RightMissing" && strings.Contains(d.condition.Message, registrar.Remedy) {
				t.Errorf("a right is not what is missing: %s", d.condition.Message)
			}
		})
	}
}

func TestRegistrarTriesLessOftenAfterFailures(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused = errors.New("timeout")
	tries := 0
	for range 10 * 60 {
		tries += d.lookAfter(t, time.Second)
	}
	// After 10, 20, 40 seconds, and then each minute.
	if tries != 12 {
		t.Errorf("%d tries in ten minutes", tries)
	}
	d.refused, d.policy.Guardrails = nil, guardrails(true)
	if got := d.lookAfter(t, time.Second); got != 2 {
		t.Errorf("%d writes when the Guardrails change", got)
	}
}

func TestRegistrarRetriesAConflictAFewTimes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.refused = apierrors.NewConflict(schema.GroupResource{Resource: "validatingwebhookconfigurations"}, "stateward", errors.New("changed"))
	if got := d.lookAfter(t, 0); got != 5 {
		t.Errorf("%d tries of what conflicts", got)
	}
	d.refused = nil
	if got := d.lookAfter(t, time.Second); got != 2 || len(d.managed(t)) != 3 {
		t.Errorf("%d writes afterwards, managed are %v", got, d.managed(t))
	}
}

func TestRegistrarRestoresChangedWebhooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.lookAfter(t, 0)
	var validating admissionregistrationv1.ValidatingWebhookConfiguration
	if err := d.api.Get(t.Context(), client.ObjectKey{Name: registration.Name}, &validating); err != nil {
		t.Fatal(err)
	}
	for index := range validating.Webhooks {
		each := &validating.Webhooks[index]
		if each.Name == "managed-owner.stateward.dev" {
			each.Rules = nil
		}
		// What was applied again loses its caBundle until something fills it in.
		if !registration.IsManaged(each.Name) {
			each.ClientConfig.CABundle = nil
		}
	}
	validating.Webhooks = append(validating.Webhooks, *validating.Webhooks[0].DeepCopy())
	validating.Webhooks[len(validating.Webhooks)-1].Name = "managed-nodes.stateward.dev"
	if err := d.api.Update(t.Context(), &validating); err != nil {
		t.Fatal(err)
	}
	if got := d.lookAfter(t, 10*time.Second); got != 1 {
		t.Errorf("%d writes", got)
	}
	if err := d.api.Get(t.Context(), client.ObjectKey{Name: registration.Name}, &validating); err != nil {
		t.Fatal(err)
	}
	for _, each := range validating.Webhooks {
		if registration.IsManaged(each.Name) && (len(each.Rules) == 0 || string(each.ClientConfig.CABundle) != "authority") {
			t.Errorf("%s has rules %v and authority %q", each.Name, each.Rules, each.ClientConfig.CABundle)
		}
	}
	if len(d.managed(t)) != 3 {
		t.Errorf("managed are %v", d.managed(t))
	}
}
