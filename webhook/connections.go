package webhook

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

const (
	// maxConnections at a time take some 200 MiB with their TLS state. API servers use a few dozen each, and many more
	// while requests are late.
	maxConnections = 4096
	// maxPerSource leaves room for others: behind a load balancer all API servers may have one address.
	maxPerSource = 3072
)

// connections closes connections where there are too many: first the oldest of those that never completed a request, of
// the same address where that one has too many. A client that answers requests keeps its connections.
type connections struct {
	most, perSource int

	mutex sync.Mutex
	open  map[net.Conn]*openConnection
	// silent are those that never completed a request, the oldest first.
	silent  *list.List
	sources map[string]int
}

// openConnection is one that is open. silent is nil once a request has been answered on it.
type openConnection struct {
	net.Conn

	source string
	silent *list.Element
}

func newConnections(most, perSource int) *connections {
	return &connections{most: most, perSource: perSource, open: map[net.Conn]*openConnection{}, silent: list.New(), sources: map[string]int{}}
}

// follow hears of each change of a connection, and returns how many are open.
func (c *connections) follow(conn net.Conn, state http.ConnState) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch state {
	case http.StateNew:
		c.add(conn)
	case http.StateIdle:
		c.answered(conn)
	case http.StateClosed, http.StateHijacked:
		c.remove(conn)
	case http.StateActive:
		c.speaks(conn)
	}
	return len(c.open)
}

func (c *connections) add(conn net.Conn) {
	made := &openConnection{Conn: conn, source: sourceOf(conn)}
	made.silent = c.silent.PushBack(made)
	c.open[conn] = made
	c.sources[made.source]++
	switch {
	case c.sources[made.source] > c.perSource:
		c.closeOldest(func(other *openConnection) bool { return other.source == made.source })
	case len(c.open) > c.most:
		c.closeOldest(func(*openConnection) bool { return true })
	}
}

// closeOldest closes a silent connection, the new one at the latest. The server hears of that and removes it.
func (c *connections) closeOldest(wanted func(*openConnection) bool) {
	for element := c.silent.Front(); element != nil; element = element.Next() {
		if each, ok := element.Value.(*openConnection); ok && wanted(each) {
			c.silent.Remove(element)
			each.silent = nil
			// A TLS connection would wait for the other side here.
			_ = underlying(each.Conn).Close()
			return
		}
	}
}

// speaks puts a connection on which a request has begun behind those on which nothing was said yet.
func (c *connections) speaks(conn net.Conn) {
	if known := c.open[conn]; known != nil && known.silent != nil {
		c.silent.MoveToBack(known.silent)
	}
}

func (c *connections) answered(conn net.Conn) {
	if known := c.open[conn]; known != nil && known.silent != nil {
		c.silent.Remove(known.silent)
		known.silent = nil
	}
}

func (c *connections) remove(conn net.Conn) {
	known := c.open[conn]
	if known == nil {
		return
	}
	c.answered(conn)
	delete(c.open, conn)
	if c.sources[known.source]--; c.sources[known.source] == 0 {
		delete(c.sources, known.source)
	}
}

// underlying is the connection below TLS.
func underlying(conn net.Conn) net.Conn {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return wrapped.NetConn()
	}
	return conn
}

func sourceOf(conn net.Conn) string {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return conn.RemoteAddr().String()
	}
	return host
}
