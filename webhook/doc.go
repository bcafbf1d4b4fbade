// Package webhook runs the server: connections, certificates, the rules in force, and what runs beside the requests. Package
// admission answers the requests.
//
// # Shutdown
//
// An API server never repeats a request to a webhook, and with failurePolicy Fail a lost request is a rejected change. So a
// replica that receives SIGTERM continues to answer until no API server calls it:
//
//  1. /readyz fails. Everything else continues: proxies learn up to fifteen seconds late that an endpoint shuts down, and until
//     then new connections arrive.
//  2. Each answer has "Connection: close", so a connection is used once more at most. Closing idle connections from this side
//     would cut off requests that are on their way.
//  3. The listener is closed when the delay is over and no client is connected, at the latest after the timeout. The timeout is
//     longer than the 90 seconds for which API servers keep unused connections.
//  4. The server waits for requests in flight. Then the caches stop, and what follows from the decisions is written.
//
// Contexts of requests are not affected: they end with the deadline of the API server, or when it disconnects. Idle connections are
// kept for longer than API servers keep them, because the side that closes first loses what the other one is about to send.
//
// The sum of timeout and grace periods must stay below terminationGracePeriodSeconds of the pod.
package webhook
