// Command null is a webhook that reads what it is sent and allows it: what HTTP, TLS and the machine cost by themselves.
// Each answer is canned but for the UID, without which no API server takes it.
package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

func main() {
	address := flag.String("address", "127.0.0.1:9443", "host:port to listen on")
	certificate := flag.String("cert-file", "", "PEM file of the serving certificate")
	key := flag.String("key-file", "", "PEM file of its key")
	flag.Parse()
	server := &http.Server{
		Addr: *address, Handler: http.HandlerFunc(allow), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}},
		// Not nil: HTTP/1.1 only.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	fmt.Fprintln(os.Stderr, "error:", server.ListenAndServeTLS(*certificate, *key))
	os.Exit(1)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func allow(w http.ResponseWriter, r *http.Request) {
	body, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		body = new(bytes.Buffer)
	}
	defer buffers.Put(body)
	body.Reset()
	if _, err := body.ReadFrom(r.Body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"`+uid(body.Bytes())+`","allowed":true}}`)
}

// uid finds the request's, which API servers write before anything else that is called so.
func uid(body []byte) string {
	const key = `"uid":"`
	_, rest, _ := bytes.Cut(body, []byte(key))
	found, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(found)
}
