package main

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/test/bench/contest/corpus"
)

func TestAPIClientsKeepAConnectionEach(t *testing.T) {
	t.Parallel()
	var opened, asked atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.ProtoMajor == 2 {
			asked.Add(1)
		}
		response.Header().Set("Content-Type", "application/json")
		_, _ = response.Write([]byte(`{"kind": "Status", "apiVersion": "v1", "status": "Success"}`))
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	var dialed atomic.Int64
	clients, err := newAPIClients(&rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: authority}}, &dialed)
	if err != nil {
		t.Fatal(err)
	}
	deleting := deletes(corpus.ClientOf(0, sent).Idle)
	for range 2 {
		for _, client := range clients {
			if err := deleting(t.Context(), client.StatefulSets("default")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]int64{25, 25, 50}, []int64{opened.Load(), dialed.Load(), asked.Load()}); diff != "" {
		t.Error(diff)
	}
}
