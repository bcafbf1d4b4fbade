package cluster

import (
	"io"
	"net"
)

// Pipe passes on what either side sends until one of them ends, and closes both.
func Pipe(client, server net.Conn) {
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
	_ = client.Close()
}
