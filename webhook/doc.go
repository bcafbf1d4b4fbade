// Package webhook runs the server: connections, certificates, the rules in force, and what runs beside the requests. Package
// admission answers the requests.
//
// # How it ends
//
// An API server never repeats a request to a webhook, and with failurePolicy Fail a request that is lost is a change
// that is refused. So a replica that is told to end goes on answering until no API server asks it any more:
//
//  1. /readyz fails, and everything else goes on: connections are accepted, since proxies learn of an endpoint that is
//     going away up to some fifteen seconds late, and new ones still come in.
//  2. Each answer says "Connection: close", so that a connection that is used at all is used once more. Closing idle
//     connections from this side would cut off requests that are on their way.
//  3. When the delay is over and no client is connected, or after the timeout at last, the listener is closed. The timeout
//     is beyond the 90 seconds for which API servers keep connections that they do not use.
//  4. What is still being decided is waited for, and only then the caches stop that decisions look at, and what follows
//     from the decisions is written.
//
// Contexts of requests know nothing of all this: they end with the deadline that the API server has set, or when it is
// gone. For the same reason idle connections are kept for longer than API servers keep them: the side that closes
// first loses what the other one is about to send.
//
// The sum of timeout and grace periods has to stay below terminationGracePeriodSeconds of the pod.
package webhook
