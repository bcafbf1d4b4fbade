package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// readyDeadline is generous because several clusters may start at once on
	// a small machine.
	readyDeadline = 2 * time.Minute
	pollInterval  = 50 * time.Millisecond
	startAttempts = 5
)

// probe returns an error until a condition is true.
type probe func(context.Context) error

// component is how one program of the control plane is started. Both functions
// are given the ports that were chosen for it.
type component struct {
	name    string
	ports   int
	command func(ports []int) (path string, args []string)
	ready   func(ports []int) probe
}

// launch starts a component and waits until it serves. Between the moment in
// which a port is found to be free and the moment in which the program takes
// it, another process may take it: launch then tries again with other ports.
func (c *Cluster) launch(ctx context.Context, component component) ([]int, error) {
	for attempt := 1; ; attempt++ {
		ports, err := FreePorts(component.ports)
		if err != nil {
			return nil, err
		}
		path, args := component.command(ports)
		process, err := c.start(component.name, c.childCommand(path, args))
		if err != nil {
			return nil, err
		}
		err = process.WaitReady(ctx, component.ready(ports))
		if err == nil {
			return ports, nil
		}
		if attempt == startAttempts || !process.lostPort() {
			return nil, err
		}
		c.forget(process)
	}
}

// lostPort reports whether the process ended because its port was taken.
func (p *Process) lostPort() bool {
	err := p.Err()
	return err != nil && strings.Contains(err.Error(), "address already in use")
}

// WaitReady repeats the probe until it returns no error. It gives up when the
// process ends by itself, when that takes minutes, or when the context ends.
func (p *Process) WaitReady(parent context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, readyDeadline)
	defer cancel()
	// A hanging probe must not outlast the process that it asks.
	go func() {
		select {
		case <-p.Exited():
			cancel()
		case <-ctx.Done():
		}
	}()
	err := poll(ctx, probe)
	if parent.Err() != nil {
		return fmt.Errorf("wait for %s: %w", p.name, context.Cause(parent))
	}
	if ended := p.Err(); ended != nil {
		return ended
	}
	if err != nil {
		return p.failure("did not get ready: " + err.Error())
	}
	return nil
}

// poll repeats the probe until it succeeds or the context ends; the error then
// is the probe's last one.
func poll(ctx context.Context, probe probe) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var last error
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		// What a probe says after the deadline is only that it was cut off.
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, after: %w", ctx.Err(), last)
		case <-ticker.C:
		}
	}
}

// FreePorts returns free ports of the loopback interface, by TCP or UDP. All
// are held until the last is found, so that they differ.
func FreePorts(count int) ([]int, error) {
	var ports []int
	for len(ports) < count {
		tcp, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer tcp.Close()
		udp, err := net.ListenPacket("udp4", tcp.Addr().String())
		if err != nil {
			continue
		}
		defer udp.Close()
		ports = append(ports, tcp.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// answersOK returns a probe that wants status 200 from a server whose
// certificate is this cluster's.
func (c *Cluster) answersOK(url string) probe {
	client := c.ownClient()
	return func(ctx context.Context) error {
		_, err := Get(ctx, client, url)
		return err
	}
}

// ownClient returns a client for the cluster's own servers.
func (c *Cluster) ownClient() *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.certificate)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: c.certificates}
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
		Timeout:   5 * time.Second,
	}
}
