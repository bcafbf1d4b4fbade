package webhook

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConnectionsCloseIdleOnesFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		most, perSource int
		// events are "new NAME@SOURCE", "idle NAME" and "closed NAME".
		events []string
		closed []string
	}{
		"few are left alone":         {most: 2, perSource: 2, events: []string{"new a@x", "new b@x"}},
		"the oldest goes":            {most: 2, perSource: 2, events: []string{"new a@x", "new b@y", "new c@z"}, closed: []string{"a"}},
		"who speaks goes later":      {most: 2, perSource: 2, events: []string{"new a@x", "new b@y", "active a", "new c@z"}, closed: []string{"b"}},
		"who was answered stays":     {most: 2, perSource: 2, events: []string{"new a@x", "idle a", "new b@y", "new c@z"}, closed: []string{"b"}},
		"of the source with many":    {most: 9, perSource: 1, events: []string{"new a@x", "new b@y", "new c@y"}, closed: []string{"b"}},
		"the idle ones go next":      {most: 2, perSource: 9, events: []string{"new a@x", "idle a", "new b@x", "idle b", "new c@y"}, closed: []string{"a"}},
		"who is busy goes later":     {most: 2, perSource: 9, events: []string{"new a@x", "idle a", "new b@x", "idle b", "active a", "new c@y"}, closed: []string{"b"}},
		"of the source with most":    {most: 3, perSource: 9, events: []string{"new a@x", "idle a", "new b@y", "idle b", "new c@y", "idle c", "new d@z"}, closed: []string{"b"}},
		"an idle one of many":        {most: 9, perSource: 2, events: []string{"new a@x", "idle a", "new b@y", "idle b", "new c@y", "idle c", "new d@y"}, closed: []string{"b"}},
		"the new one at the latest":  {most: 1, perSource: 9, events: []string{"new a@x", "idle a", "active a", "new b@y"}, closed: []string{"b"}},
		"what has gone is forgotten": {most: 1, perSource: 1, events: []string{"new a@x", "closed a", "new b@x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limiter, conns := newConnections(test.most, test.perSource), map[string]*fakeConn{}
			var order []string
			for _, event := range test.events {
				var verb, who string
				if _, err := fmt.Sscan(event, &verb, &who); err != nil {
					t.Fatal(err)
				}
				conn, source, _ := strings.Cut(who, "@")
				switch verb {
				case "new":
					conns[conn] = &fakeConn{source: source}
					order = append(order, conn)
					limiter.follow(conns[conn], http.StateNew)
				case "active":
					limiter.follow(conns[conn], http.StateActive)
				case "idle":
					limiter.follow(conns[conn], http.StateIdle)
				case "closed":
					limiter.follow(conns[conn], http.StateClosed)
				}
			}
			var closed []string
			for _, conn := range order {
				if conns[conn].closed {
					closed = append(closed, conn)
				}
			}
			if diff := cmp.Diff(test.closed, closed); diff != "" {
				t.Errorf("closed (-want +got):\n%s", diff)
			}
		})
	}
}

// fakeConn is a connection of which only the address and the end matter.
type fakeConn struct {
	net.Conn

	source string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr { return fakeAddress(c.source) }

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}

type fakeAddress string

func (fakeAddress) Network() string  { return "tcp" }
func (a fakeAddress) String() string { return string(a) + ":1" }
