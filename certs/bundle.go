package certs

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxAuthorities bounds the bundle: processes that come and go each leave their authority in it.
const maxAuthorities = 16

// Inject adds bundle to the caBundle of every webhook of the validating and the mutating configuration called name.
// Authorities that are there already stay, as long as they are valid: other replicas serve under them. The reader
// must not be a cache: watching the configurations would need more rights than reading two of them.
func Inject(ctx context.Context, reader client.Reader, writer client.Writer, name string, bundle []byte) error {
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	err := inject(ctx, reader, writer, name, validating, func() (changed bool) {
		for i := range validating.Webhooks {
			changed = extend(&validating.Webhooks[i].ClientConfig, bundle) || changed
		}
		return changed
	})
	if err != nil {
		return fmt.Errorf("write caBundle of ValidatingWebhookConfiguration %s: %w", name, err)
	}
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{}
	err = inject(ctx, reader, writer, name, mutating, func() (changed bool) {
		for i := range mutating.Webhooks {
			changed = extend(&mutating.Webhooks[i].ClientConfig, bundle) || changed
		}
		return changed
	})
	if err != nil {
		return fmt.Errorf("write caBundle of MutatingWebhookConfiguration %s: %w", name, err)
	}
	return nil
}

func inject(ctx context.Context, reader client.Reader, writer client.Writer, name string, configuration client.Object, change func() bool) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := reader.Get(ctx, client.ObjectKey{Name: name}, configuration); err != nil {
			return err
		}
		if !change() {
			return nil
		}
		return writer.Update(ctx, configuration)
	})
}

// extend tells whether it changed anything.
func extend(config *admissionregistrationv1.WebhookClientConfig, bundle []byte) bool {
	merged := merge(config.CABundle, bundle, time.Now())
	if bytes.Equal(merged, config.CABundle) {
		return false
	}
	config.CABundle = merged
	return true
}

// merge returns the authorities of bundle that are still valid and those of added, without repeating any. What is
// there keeps its place, so that replicas do not overwrite each other for ever; of too many the oldest go.
func merge(bundle, added []byte, now time.Time) []byte {
	var merged [][]byte
	for _, der := range append(authorities(bundle), authorities(added)...) {
		certificate, err := x509.ParseCertificate(der)
		if err != nil || now.After(certificate.NotAfter) || contains(merged, der) {
			continue
		}
		merged = append(merged, der)
	}
	merged = merged[max(0, len(merged)-maxAuthorities):]
	var encoded []byte
	for _, der := range merged {
		encoded = append(encoded, encodePEM(der)...)
	}
	return encoded
}

func authorities(bundle []byte) (ders [][]byte) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			ders = append(ders, block.Bytes)
		}
	}
	return ders
}

func contains(ders [][]byte, der []byte) bool {
	for _, each := range ders {
		if bytes.Equal(each, der) {
			return true
		}
	}
	return false
}
