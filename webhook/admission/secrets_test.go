package admission

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/webhook/cluster"
)

func TestSecretsKeepOnlyTheirMetadata(t *testing.T) {
	t.Parallel()
	secret := metav1.GroupVersionResource{Version: "v1", Resource: "secrets"}
	for name, test := range map[string]struct {
		resource  metav1.GroupVersionResource
		old, want string
	}{
		"data goes": {
			secret, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","uid":"1"},"type":"Opaque","data":{"a":"eA=="},"stringData":{"b":"x"},"immutable":true}`,
			`{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s","uid":"1"},"type":"Opaque"}`,
		},
		"copies of it go": {
			secret, `{"metadata":{"name":"s","managedFields":[{"manager":"kubectl"}],"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"x","objectset.rio.cattle.io/applied":"x","helm.sh/hook":"pre-install","stateward.dev/confirm":"delete"}}}`,
			`{"metadata":{"name":"s","annotations":{"helm.sh/hook":"pre-install","stateward.dev/confirm":"delete"}}}`,
		},
		"what owns it stays": {
			secret, `{"metadata":{"name":"s","labels":{"a":"b"},"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"2","controller":true}]}}`,
			`{"metadata":{"name":"s","labels":{"a":"b"},"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"2","controller":true}]}}`,
		},
		"what is null stays null":  {secret, `null`, `null`},
		"other objects stay whole": {metav1.GroupVersionResource{Version: "v1", Resource: "configmaps"}, `{"data":{"a":"x"}}`, `{"data":{"a":"x"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := &admissionv1.AdmissionRequest{Resource: test.resource, OldObject: runtime.RawExtension{Raw: []byte(test.old)}}
			if err := bare(request); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(request.OldObject.Raw)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecretsThatCannotBeReadAreNotQuoted(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`["swordfish"]`, `{"metadata":"swordfish"}`, `{"data":"swordfish"`} {
		request := &admissionv1.AdmissionRequest{Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Secret"}, Object: runtime.RawExtension{Raw: []byte(raw)}}
		if err := bare(request); !cmp.Equal(err, errSecret, cmp.Comparer(func(a, b error) bool { return a == b })) { //nolint:errorlint // It is this one.
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// doubting is an inventory in which nothing proves who asks.
type doubting struct{ inventory.Inventory }

func (doubting) Proves(context.Context, cluster.Claimed) bool { return false }

func TestSecretsInUseAreNamedToAuthorizedUsers(t *testing.T) {
	t.Parallel()
	guarded := under(t, `{"rules":[{"id":"references-in-use","action":"deny"}]}`)
	set := builders.MakeStatefulSet()
	set.Namespace, set.Spec.Template.Spec.ImagePullSecrets = "default", []corev1.LocalObjectReference{{Name: "password"}}
	inv := inventory.NewSnapshot("default", []string{"statefulsets", "pods"})
	if err := inv.Add(set.JSON()); err != nil {
		t.Fatal(err)
	}
	way := "Fix: let the StatefulSet name another one first, and wait until its rollout has finished, or confirm it: " +
		"stateward confirm secret/password delete -n default --rules references-in-use"
	for known, want := range map[bool]string{
		true: `[references-in-use] metadata.name: StatefulSet "web" names this Secret: without it its pods cannot start again. ` + way,
		false: "[references-in-use] metadata.name: this Secret is in use; by what is not told, since Stateward may not read Secrets to see " +
			"that an API server asks. " + way,
	} {
		handler := newHandler(t, engine.ValidatingPhase)
		handler.Policy, handler.KnowsClients = fixed(guarded, doubting{inv}), known
		response := handler.Handle(t.Context(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Delete, Name: "password", Namespace: "default",
			Kind:      metav1.GroupVersionKind{Version: "v1", Kind: "Secret"},
			Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "secrets"},
			UserInfo:  authenticationv1.UserInfo{Username: "alice"},
			OldObject: runtime.RawExtension{Raw: []byte(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"password","namespace":"default","uid":"s1"}}`)},
		}})
		if diff := cmp.Diff(want, response.Result.Message); diff != "" {
			t.Errorf("clients known: %t (-want +got):\n%s", known, diff)
		}
	}
}
