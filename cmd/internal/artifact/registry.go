package artifact

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// Scheme begins the address of an artifact where a folder could stand too.
const Scheme = "oci://"

// patience bounds one request to a registry.
const patience = time.Minute

// open resolves a reference with the credentials that `docker login` wrote. As for
// docker, a registry on the machine itself needs no TLS.
func open(reference string) (repository *remote.Repository, tag string, err error) {
	parsed, err := registry.ParseReference(strings.TrimPrefix(reference, Scheme))
	if err != nil {
		return nil, "", fmt.Errorf("%q is not an artifact reference such as registry.example.com/policies/stateward:v1: %w", reference, err)
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, "", fmt.Errorf("read registry credentials: %w", err)
	}
	client := &auth.Client{
		Client:     &http.Client{Transport: retry.NewTransport(nil), Timeout: patience},
		Cache:      auth.NewCache(),
		Credential: credentials.Credential(store),
	}
	return &remote.Repository{Reference: parsed, Client: client, PlainHTTP: isLoopback(parsed.Host())}, parsed.Reference, nil
}

func isLoopback(address string) bool {
	host := address
	if name, _, err := net.SplitHostPort(address); err == nil {
		host = name
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func isDigest(reference string) bool { return strings.Contains(reference, ":") }
