package webhook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/stateward/stateward/certs"
	"github.com/stateward/stateward/webhook/metrics"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// bundleInterval is how often the caBundle is looked at: to apply the manifests again empties it.
	bundleInterval = 2 * time.Second
	// gaugeInterval is how often metrics tell of the certificate.
	gaugeInterval = 15 * time.Second
)

// keepBundle keeps the authorities of the certificates in the registration, if the source knows them.
func keepBundle(runner manager.Manager, options Options) func(context.Context) error {
	return func(ctx context.Context) error {
		if options.Certificates.CABundle() == nil {
			return nil
		}
		injector := &certs.Injector{Reader: runner.GetAPIReader(), Writer: runner.GetClient(), Name: registration.Name}
		return every(ctx, bundleInterval, func() {
			bundle := options.Certificates.CABundle()
			if err := injector.Inject(ctx, bundle); err != nil {
				options.Log.Error(err, "the API server cannot trust the webhook yet")
				return
			}
			options.Certificates.Trusted(bundle)
		})
	}
}

// watchCertificate sets the metrics of the certificate's expiry and of its trust by API servers, and logs once what
// is wrong with it: a failing probe has no reason.
func watchCertificate(runner manager.Manager, options Options, gauges *metrics.Metrics) func(context.Context) error {
	return func(ctx context.Context) error {
		told := ""
		// A source that writes the caBundle itself gets the time to do so.
		settled := options.Certificates.CABundle() == nil
		return every(ctx, gaugeInterval, func() {
			gauges.SetCertificateExpiry(options.Certificates.NotAfter())
			if !settled {
				settled = true
				return
			}
			wrong := errors.Join(options.Certificates.Check(), distrust(ctx, runner, options, gauges))
			if now := fmt.Sprint(wrong); wrong != nil && now != told {
				options.Log.Error(wrong, "API servers cannot call the webhook")
			}
			told = fmt.Sprint(wrong)
		})
	}
}

// distrust counts the webhooks that cannot be called, and names them. After an error the last number stays.
func distrust(ctx context.Context, runner manager.Manager, options Options, gauges *metrics.Metrics) error {
	served, err := options.Certificates.GetCertificate(nil)
	if err != nil {
		return err
	}
	distrusted, err := certs.Distrusted(ctx, runner.GetAPIReader(), registration.Name, served)
	if err != nil {
		return err
	}
	if gauges.SetDistrusted(len(distrusted)); len(distrusted) > 0 {
		return fmt.Errorf("the caBundle does not trust the serving certificate: webhooks %s", strings.Join(distrusted, ", "))
	}
	return nil
}
