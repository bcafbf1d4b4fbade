// Package webhook runs the server: connections, certificates, the rules in force, and what runs beside the requests. Package
// admission answers the requests.
//
// # How it ends
//
// An API server never repeats a request to a webhook, and with failurePolicy Fail a request that is lost is a change
// that is refused. So a replica that receives SIGTERM continues to answer until no API server calls it any more:
//
//  1. /readyz fails, and everything else continues: connections are accepted, since proxies learn of an endpoint that is
//     shutting down up to some fifteen seconds late, and new ones still come in.
//  2. Each answer says "Connection: close", so that a connection that is used at all is used once more. Closing idle
//     connections from this side would cut off requests that are on their way.
//  3. When the delay is over and no client is connected, or after the timeout at last, the listener is closed. The timeout
//     is beyond the 90 seconds for which API servers keep connections that they do not use.
//  4. Requests in flight are waited for. Only then the caches that decisions read stop, and what follows
//     from the decisions is written.
//
// Contexts of requests are not affected: they end with the deadline that the API server has set, or when it is
// gone. For the same reason idle connections are kept for longer than API servers keep them: the side that closes
// first loses what the other one is about to send.
//
// The sum of timeout and grace periods has to stay below terminationGracePeriodSeconds of the pod.
package webhook
