package webhook

import (
	"cmp"
	"container/list"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
)

const (
	// maxConnections at a time take some 200 MiB with their TLS state. API servers use a few dozen each, and many more
	// while requests are late.
	maxConnections = 4096
	// maxPerSource leaves room for others: behind a load balancer all API servers may have one address.
	maxPerSource = 3072
)

// connections closes connections if there are too many, in all or of one address: first the oldest that never completed a request,
// then the longest idle one of the address with the most. A client that completes one request on each of many connections must not
// keep API servers out, which repeat a request on a connection that was closed while idle. A connection with a request in progress
// stays.
type connections struct {
	most, perSource int

	mutex sync.Mutex
	open  map[net.Conn]*openConnection
	// silent are those that never completed a request, idle those that wait for another one; the oldest is first.
	silent, idle *list.List
	sources      map[string]int
}

// openConnection is an open connection.
type openConnection struct {
	net.Conn

	source string
	// list is silent, idle, or nil while it is neither.
	list  *list.List
	place *list.Element
}

func newConnections(most, perSource int) *connections {
	return &connections{
		most: most, perSource: perSource, open: map[net.Conn]*openConnection{},
		silent: list.New(), idle: list.New(), sources: map[string]int{},
	}
}

// follow handles each change of a connection, and returns how many are open.
func (c *connections) follow(conn net.Conn, state http.ConnState) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch state {
	case http.StateNew:
		c.add(conn)
	case http.StateActive:
		c.speaks(conn)
	case http.StateIdle:
		if known := c.open[conn]; known != nil {
			known.move(c.idle)
		}
	case http.StateClosed, http.StateHijacked:
		c.remove(conn)
	}
	return len(c.open)
}

func (c *connections) add(conn net.Conn) {
	made := &openConnection{Conn: conn, source: sourceOf(conn)}
	c.open[conn] = made
	c.sources[made.source]++
	closed := c.tooMuch(made)
	made.move(c.silent)
	if closed != nil {
		closed.move(nil)
		// A TLS connection would wait for the other side here. The server hears of it and removes it.
		_ = underlying(closed.Conn).Close()
	}
}

// tooMuch returns the connection to close for a new one: the new one itself if no other may be closed. It is nil if
// there are not too many.
func (c *connections) tooMuch(made *openConnection) *openConnection {
	var found *openConnection
	switch {
	case c.sources[made.source] > c.perSource:
		own := func(each *openConnection) bool { return each.source == made.source }
		found = cmp.Or(oldest(c.silent, own), oldest(c.idle, own))
	case len(c.open) > c.most:
		most := slices.Max(slices.Collect(maps.Values(c.sources)))
		found = cmp.Or(
			oldest(c.silent, func(*openConnection) bool { return true }),
			oldest(c.idle, func(each *openConnection) bool { return c.sources[each.source] == most }),
		)
	default:
		return nil
	}
	return cmp.Or(found, made)
}

func oldest(of *list.List, wanted func(*openConnection) bool) *openConnection {
	for element := of.Front(); element != nil; element = element.Next() {
		if each, ok := element.Value.(*openConnection); ok && wanted(each) {
			return each
		}
	}
	return nil
}

// move takes a connection out of its list and puts it at the end of another, or of none.
func (o *openConnection) move(to *list.List) {
	if o.list != nil {
		o.list.Remove(o.place)
	}
	if o.list = to; to != nil {
		o.place = to.PushBack(o)
	}
}

// speaks moves a connection whose first request has begun behind those without any request.
func (c *connections) speaks(conn net.Conn) {
	known := c.open[conn]
	switch {
	case known == nil:
	case known.list == c.silent:
		known.move(c.silent)
	case known.list == c.idle:
		known.move(nil)
	}
}

func (c *connections) remove(conn net.Conn) {
	known := c.open[conn]
	if known == nil {
		return
	}
	known.move(nil)
	delete(c.open, conn)
	if c.sources[known.source]--; c.sources[known.source] == 0 {
		delete(c.sources, known.source)
	}
}

// underlying returns the connection below TLS.
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
