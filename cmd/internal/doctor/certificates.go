package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/webhook/registration"
)

// soon is how long before its end a certificate should have been renewed: cert-manager does it 30 days before, the
// self-managed one when a third of its life is left.
const soon = 7 * 24 * time.Hour

const lookAtCertificate = "find out why it is not renewed: check the cert-manager Certificates, or the log of `stateward serve`"

// checkService reports whether a program listens where the API server asks.
func (e *examination) checkService(ctx context.Context) {
	for _, webhook := range e.registered.webhooks {
		service := webhook.ClientConfig.Service
		if service == nil {
			continue
		}
		object := fmt.Sprintf("Service/%s/%s", service.Namespace, service.Name)
		var slices discoveryv1.EndpointSliceList
		if err := e.client.List(ctx, &slices, client.InNamespace(service.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service.Name}); err != nil {
			e.unchecked(object, "", err, "whether it has a ready pod is unknown")
		} else if ready(slices.Items) == 0 {
			e.problem(object, fmt.Sprintf("look at `kubectl -n %s get pods,events`", service.Namespace),
				"none of its pods is ready: changes and deletions are rejected, creations are allowed unchecked")
		}
		// All webhooks of a registration lead to one Service.
		return
	}
}

func ready(slices []discoveryv1.EndpointSlice) (count int) {
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if value(endpoint.Conditions.Ready) {
				count += len(endpoint.Addresses)
			}
		}
	}
	return count
}

// checkCertificates looks at the authorities that the API server trusts, and at the certificate that is served.
func (e *examination) checkCertificates(ctx context.Context) {
	if len(e.registered.webhooks) == 0 {
		e.unchecked("", reapply, nil, "no webhook is registered, so the certificate cannot be located")
		return
	}
	for _, webhook := range e.registered.webhooks {
		e.checkBundle(webhook)
	}
	address, err := e.webhookAddress()
	if err != nil {
		e.unchecked("", "", err, "the serving certificate was not checked")
		return
	}
	if address == "" {
		e.unchecked("", fmt.Sprintf("kubectl -n %s port-forward deployment/%s 9443, and give --webhook 127.0.0.1:9443", registration.Namespace, registration.Name),
			nil, "the serving certificate was not checked, because the webhook's Service cannot be reached from here; the probe below shows whether the API server trusts it")
		return
	}
	chain, err := served(ctx, address)
	if err != nil {
		e.unchecked("", "check that `stateward serve` runs and can be reached from here", err, "the serving certificate was not checked")
		return
	}
	e.checkChain(chain)
}

// checkBundle reports why a caBundle cannot verify anything.
func (e *examination) checkBundle(webhook registeredWebhook) {
	if len(webhook.ClientConfig.CABundle) == 0 {
		e.problem(webhook.String(), "check that `stateward serve`, or the cainjector of cert-manager, runs and may update the configuration",
			"the caBundle is empty: the API server cannot trust Stateward's certificate")
		return
	}
	for _, authority := range parseBundle(webhook.ClientConfig.CABundle) {
		if e.Now.After(authority.NotAfter) {
			e.note(webhook.String(), "an authority in the caBundle has expired at %s", authority.NotAfter.UTC().Format(time.RFC3339))
		}
	}
}

// webhookAddress is where a certificate can be looked at from here; empty where that is not known.
func (e *examination) webhookAddress() (string, error) {
	if e.Webhook != "" {
		return e.Webhook, nil
	}
	if registered := e.registered.webhooks[0].ClientConfig.URL; registered != nil {
		parsed, err := url.Parse(*registered)
		if err != nil {
			return "", fmt.Errorf("the registered URL %q cannot be read: %w", *registered, err)
		}
		if parsed.Port() == "" {
			return net.JoinHostPort(parsed.Hostname(), "443"), nil
		}
		return parsed.Host, nil
	}
	return "", nil
}

// served returns the certificates that are served at an address, the leaf first. Nothing is trusted: they are what
// is to be looked at.
func served(ctx context.Context, address string) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dialer := &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}} //nolint:gosec // it is verified by the caller, against each caBundle
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	secured, is := connection.(*tls.Conn)
	if !is {
		return nil, fmt.Errorf("%s does not use TLS", address)
	}
	return secured.ConnectionState().PeerCertificates, nil
}

// checkChain verifies what is served as the API server does, for each webhook.
func (e *examination) checkChain(chain []*x509.Certificate) {
	leaf := chain[0]
	ends := leaf.NotAfter.UTC().Format(time.RFC3339)
	if e.Now.After(leaf.NotAfter) {
		e.problem("", lookAtCertificate, "the serving certificate has expired at %s", ends)
		return
	}
	if e.Now.Before(leaf.NotBefore) {
		e.problem("", "check that the clocks of the machines agree", "the serving certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
		return
	}
	trusted := true
	for _, webhook := range e.registered.webhooks {
		if err := e.verify(chain, webhook); err != nil {
			trusted = false
			e.problem(webhook.String(), trustFix(err), "the API server does not trust the serving certificate: %v", err)
		}
	}
	switch {
	case leaf.NotAfter.Sub(e.Now) < soon && leaf.NotAfter.Sub(leaf.NotBefore) > 2*soon:
		e.problem("", lookAtCertificate, "the serving certificate expires at %s, and should have been renewed", ends)
	case trusted:
		e.ok("", "the API server trusts the serving certificate, which expires at %s", ends)
	}
}

func trustFix(err error) string {
	if errors.As(err, new(x509.HostnameError)) {
		return "serve a certificate for this name: `--certificate-hosts`, or dnsNames of the Certificate"
	}
	return "restart Stateward, or the cainjector of cert-manager, to write the caBundle again"
}

func (e *examination) verify(chain []*x509.Certificate, webhook registeredWebhook) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, authority := range parseBundle(webhook.ClientConfig.CABundle) {
		roots.AddCert(authority)
	}
	for _, each := range chain[1:] {
		intermediates.AddCert(each)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName: serverName(webhook), Roots: roots, Intermediates: intermediates, CurrentTime: e.Now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

// serverName is the name that the API server wants in the certificate.
func serverName(webhook registeredWebhook) string {
	if service := webhook.ClientConfig.Service; service != nil {
		return fmt.Sprintf("%s.%s.svc", service.Name, service.Namespace)
	}
	parsed, err := url.Parse(value(webhook.ClientConfig.URL))
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

func parseBundle(bundle []byte) (certificates []*x509.Certificate) {
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			certificates = append(certificates, certificate)
		}
	}
	return certificates
}
