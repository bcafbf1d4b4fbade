package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// Clients are the authorities of the clients that may connect. Something else keeps them in a file, whose changes they follow.
type Clients struct {
	file string

	mutex sync.Mutex
	pool  *x509.CertPool
	// changed is when the file was written that pool is from.
	changed time.Time
}

// NewClients loads the PEM certificates of authorities; the error names the file.
func NewClients(file string) (*Clients, error) {
	clients := &Clients{file: file}
	_, err := clients.authorities()
	return clients, err
}

// Require returns a server's configuration that asks each client for a certificate by one of the authorities. While the file
// cannot be read, those that it had last stay in use, and failed hears why.
func (c *Clients) Require(config *tls.Config, failed func(error)) *tls.Config {
	config = config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pool, err := c.authorities()
		if err != nil {
			failed(err)
		}
		demanding := config.Clone()
		demanding.ClientAuth, demanding.ClientCAs = tls.RequireAndVerifyClientCert, pool
		return demanding, nil
	}
	return config
}

// authorities are those in the file. API servers keep their connections, so to look at it for each new one costs little.
func (c *Clients) authorities() (*x509.CertPool, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	state, err := os.Stat(c.file)
	if err != nil {
		return c.pool, fmt.Errorf("read client authorities: %w", err)
	}
	if c.pool != nil && state.ModTime().Equal(c.changed) {
		return c.pool, nil
	}
	text, err := os.ReadFile(c.file)
	if err != nil {
		return c.pool, fmt.Errorf("read client authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return c.pool, fmt.Errorf("read client authorities: %s has no PEM certificate", c.file)
	}
	c.pool, c.changed = pool, state.ModTime()
	return pool, nil
}
