package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxAuthorities bounds the bundle: processes that come and go each leave their authority in it.
const maxAuthorities = 16

// recheck is how often a configuration is read although it has not changed: authorities in it may have expired.
const recheck = time.Minute

// Injector keeps authorities in the validating and the mutating webhook configuration of a name. It is not safe for concurrent
// use.
type Injector struct {
	// Reader must not be a cache: watching the configurations would need more rights than reading two of them.
	Reader client.Reader
	Writer client.Writer
	Name   string
	// had are the versions of the configurations, by kind, that hold a bundle.
	had map[string]holding
}

// holding is a configuration that holds a bundle, as it was at a time.
type holding struct {
	version string
	bundle  []byte
	at      time.Time
}

// Inject adds bundle to the caBundle of every webhook. Authorities that are there already stay, as long as they are valid: other
// replicas serve under them. A configuration that is not there has nothing to tell it to. Of one that has not changed since,
// only the metadata is read.
func (i *Injector) Inject(ctx context.Context, bundle []byte) error {
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	err := i.inject(ctx, "ValidatingWebhookConfiguration", validating, bundle, func() (changed bool) {
		for index := range validating.Webhooks {
			changed = extend(&validating.Webhooks[index].ClientConfig, bundle) || changed
		}
		return changed
	})
	if err != nil {
		return err
	}
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{}
	return i.inject(ctx, "MutatingWebhookConfiguration", mutating, bundle, func() (changed bool) {
		for index := range mutating.Webhooks {
			changed = extend(&mutating.Webhooks[index].ClientConfig, bundle) || changed
		}
		return changed
	})
}

func (i *Injector) inject(ctx context.Context, kind string, configuration client.Object, bundle []byte, change func() bool) error {
	now := time.Now()
	has, err := i.has(ctx, kind, bundle, now)
	if err == nil && !has {
		err = i.write(ctx, configuration, change)
	}
	if err != nil {
		return fmt.Errorf("write caBundle of %s %s: %w", kind, i.Name, err)
	}
	if !has {
		if i.had == nil {
			i.had = map[string]holding{}
		}
		i.had[kind] = holding{configuration.GetResourceVersion(), bundle, now}
	}
	return nil
}

// has reports whether the configuration is the one that had the bundle.
func (i *Injector) has(ctx context.Context, kind string, bundle []byte, now time.Time) (bool, error) {
	had := i.had[kind]
	if !bytes.Equal(had.bundle, bundle) || now.Sub(had.at) > recheck {
		return false, nil
	}
	found := &metav1.PartialObjectMetadata{}
	found.SetGroupVersionKind(admissionregistrationv1.SchemeGroupVersion.WithKind(kind))
	if err := i.Reader.Get(ctx, client.ObjectKey{Name: i.Name}, found); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return found.ResourceVersion == had.version, nil
}

// Distrusted lists the webhooks of both configurations whose caBundle does not vouch for a certificate: API servers will not
// call them. A configuration that is not there is an error.
func Distrusted(ctx context.Context, reader client.Reader, name string, served *tls.Certificate) (webhooks []string, err error) {
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	if err := reader.Get(ctx, client.ObjectKey{Name: name}, validating); err != nil {
		return nil, fmt.Errorf("read ValidatingWebhookConfiguration %s: %w", name, err)
	}
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := reader.Get(ctx, client.ObjectKey{Name: name}, mutating); err != nil {
		return nil, fmt.Errorf("read MutatingWebhookConfiguration %s: %w", name, err)
	}
	look := func(webhook string, config admissionregistrationv1.WebhookClientConfig) {
		if !vouches(config.CABundle, served) {
			webhooks = append(webhooks, webhook)
		}
	}
	for _, each := range validating.Webhooks {
		look(each.Name, each.ClientConfig)
	}
	for _, each := range mutating.Webhooks {
		look(each.Name, each.ClientConfig)
	}
	return webhooks, nil
}

func vouches(bundle []byte, served *tls.Certificate) bool {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	var chain []*x509.Certificate
	for _, der := range served.Certificate {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return false
		}
		chain = append(chain, certificate)
	}
	for _, each := range chain[1:] {
		intermediates.AddCert(each)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err == nil
}

func (i *Injector) write(ctx context.Context, configuration client.Object, change func() bool) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := i.Reader.Get(ctx, client.ObjectKey{Name: i.Name}, configuration); err != nil {
			return client.IgnoreNotFound(err)
		}
		if !change() {
			return nil
		}
		return i.Writer.Update(ctx, configuration)
	})
}

// extend reports whether it changed anything.
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
