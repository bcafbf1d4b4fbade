package webhook

import (
	"context"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/stateward/stateward/certs"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// bundleInterval is how often the caBundle is looked at: whoever applies the manifests again may have emptied it.
	bundleInterval = 2 * time.Second
	// gaugeInterval is how often metrics tell of the certificate.
	gaugeInterval = 15 * time.Second
)

// keepBundle keeps the authorities of the certificates in the registration, where the source knows them.
func keepBundle(runner manager.Manager, options Options) func(context.Context) error {
	return func(ctx context.Context) error {
		if options.Certificates.CABundle() == nil {
			return nil
		}
		return every(ctx, bundleInterval, func() {
			bundle := options.Certificates.CABundle()
			if err := certs.Inject(ctx, runner.GetAPIReader(), runner.GetClient(), registration.Name, bundle); err != nil {
				options.Log.Error(err, "the API server cannot trust the webhook yet")
				return
			}
			options.Certificates.Trusted(bundle)
		})
	}
}

// watchCertificate tells by metrics when the certificate in use expires, and whether API servers trust it.
func watchCertificate(runner manager.Manager, options Options, gauges *Metrics) func(context.Context) error {
	return func(ctx context.Context) error {
		told := ""
		return every(ctx, gaugeInterval, func() {
			gauges.SetCertificateExpiry(options.Certificates.NotAfter())
			served, err := options.Certificates.GetCertificate(nil)
			if err != nil {
				options.Log.Error(err, "there is no serving certificate")
				return
			}
			distrusted, err := certs.Distrusted(ctx, runner.GetAPIReader(), registration.Name, served)
			if err != nil {
				// The last number stays: a configuration that cannot be read says nothing about its caBundle.
				options.Log.Error(err, "whether API servers trust the webhook is not known")
				return
			}
			gauges.setDistrusted(len(distrusted))
			// Said once, for it may stay so for long.
			if now := strings.Join(distrusted, " "); now != told {
				told = now
				options.Log.Info("caBundle does not vouch for the serving certificate", "webhooks", distrusted)
			}
		})
	}
}
