package admission

import (
	"context"
	"net/http"
	"time"
)

// HTTP returns the handler that an API server calls.
func (h *Handler) HTTP() http.Handler {
	return withDeadline(newReviewHandler(newWebhook(h)))
}

// MaxTimeout is the longest that an API server waits for a webhook.
const MaxTimeout = 30 * time.Second

// withDeadline gives each request the deadline that the API server announces as `?timeout=`, less a tenth for the way back: a late
// answer is lost. Without an announcement, or with one beyond the limit of API servers, it is the longest. Source:
// staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timeout, err := time.ParseDuration(r.URL.Query().Get("timeout"))
		if err != nil || timeout <= 0 || timeout > MaxTimeout {
			timeout = MaxTimeout
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout-timeout/10)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
