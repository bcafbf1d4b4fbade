package certs

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// configurations are those of an API server with one webhook each, and count what is asked of it.
type configurations struct {
	client.Reader
	client.Writer
	version           int
	bundle            []byte
	none              bool
	wholes, metadatas int
	writes            int
}

func (c *configurations) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if c.none {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	into.SetResourceVersion(strconv.Itoa(c.version))
	config := admissionregistrationv1.WebhookClientConfig{CABundle: c.bundle}
	switch into := into.(type) {
	case *metav1.PartialObjectMetadata:
		c.metadatas++
		return nil
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		into.Webhooks = []admissionregistrationv1.ValidatingWebhook{{ClientConfig: config}}
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		into.Webhooks = []admissionregistrationv1.MutatingWebhook{{ClientConfig: config}}
	}
	c.wholes++
	return nil
}

// Update is of both at once: they have the same content here.
func (c *configurations) Update(_ context.Context, object client.Object, _ ...client.UpdateOption) error {
	c.writes++
	c.version++
	if validating, is := object.(*admissionregistrationv1.ValidatingWebhookConfiguration); is {
		c.bundle = validating.Webhooks[0].ClientConfig.CABundle
	}
	object.SetResourceVersion(strconv.Itoa(c.version))
	return nil
}

func TestInjectorReadsWhatHasNotChangedOnce(t *testing.T) {
	t.Parallel()
	type asked struct{ Wholes, Metadatas, Writes int }
	first, second := signer(t, "first", time.Now().Add(time.Hour)), signer(t, "second", time.Now().Add(time.Hour))
	for name, test := range map[string]struct {
		between func(*configurations, *Injector)
		bundle  []byte
		want    asked
	}{
		"nothing happened":             {want: asked{2, 2, 1}},
		"another bundle":               {bundle: second, want: asked{4, 0, 2}},
		"it was applied again":         {between: func(c *configurations, _ *Injector) { c.bundle, c.version = nil, c.version+1 }, want: asked{4, 2, 2}},
		"something else in it changed": {between: func(c *configurations, _ *Injector) { c.version++ }, want: asked{4, 2, 1}},
		"it is gone":                   {between: func(c *configurations, _ *Injector) { c.none = true }, want: asked{2, 0, 1}},
		"a minute has passed": {
			between: func(_ *configurations, i *Injector) {
				for kind, had := range i.had {
					had.at = had.at.Add(-recheck)
					i.had[kind] = had
				}
			},
			want: asked{4, 0, 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &configurations{version: 1}
			injector := &Injector{Reader: server, Writer: server, Name: "stateward"}
			for _, bundle := range [][]byte{first, test.bundle} {
				if bundle == nil {
					bundle = first
				}
				if err := injector.Inject(t.Context(), bundle); err != nil {
					t.Fatal(err)
				}
				if test.between != nil {
					test.between(server, injector)
					test.between = nil
				}
			}
			if diff := cmp.Diff(test.want, asked{server.wholes, server.metadatas, server.writes}); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if !server.none && len(server.bundle) == 0 {
				t.Error("the bundle is not there")
			}
		})
	}
}
