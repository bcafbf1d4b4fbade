// Command coredns is CoreDNS with the plugins that the tests' Corefile names: the others bring the clients of three clouds,
// which take longer to compile than all the rest of it.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() { coremain.Run() }
