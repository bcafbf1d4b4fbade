package load_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/test/bench/load"
)

// answering is a webhook that says yes, as change has it otherwise.
func answering(t *testing.T, change func(*admissionv1.AdmissionResponse)) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true, Result: &metav1.Status{}}
		if change(review.Response); review.Response.UID == "none" {
			review.Response = nil
		}
		_ = json.NewEncoder(w).Encode(review)
	}))
	t.Cleanup(server.Close)
	return server
}

// run asks the servers a few times and returns what came of it, the numbers without the times.
func run(t *testing.T, service *load.Service, allowed bool) string {
	t.Helper()
	generator := load.Generator{
		Rate: 1000, Burst: 2, Timeout: 10 * time.Second, URL: "http://stateward/validate",
		Clients: []*http.Client{load.NewClient(service.NewBalancer(), nil, load.IdleTimeout)},
		Reviews: []load.Review{{AdmissionReview: admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{}}, Allowed: allowed}},
	}
	result := &load.Result{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); generator.Run(ctx, result) }()
	for result.Answered()+len(result.Failures()) == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-done
	generator.Clients[0].CloseIdleConnections()
	if result.Answered() > 0 && len(result.Failures()) > 0 {
		t.Errorf("some failed and others did not: %s", result)
	}
	_, reasons, _ := strings.Cut(result.String(), "\n")
	_, first, _ := strings.Cut(reasons, " x ")
	return first
}

func TestLoadReportsWrongAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*admissionv1.AdmissionResponse)
		denied bool
		want   string
	}{
		"what is allowed and should be": {change: func(*admissionv1.AdmissionResponse) {}},
		"what is denied and should be": {denied: true, change: func(r *admissionv1.AdmissionResponse) {
			r.Allowed, r.Result.Code = false, http.StatusForbidden
		}},
		"what is allowed and should be denied": {
			denied: true, change: func(*admissionv1.AdmissionResponse) {},
			want: "allowed true, want false: &Status{ListMeta:ListMeta{SelfLink:,ResourceVersion:,Continue:,RemainingItemCount:nil,ShardInfo:nil,},Status:,Message:,Reason:,Details:nil,Code:0,}",
		},
		"what could not be evaluated": {
			denied: true, change: func(r *admissionv1.AdmissionResponse) {
				r.Allowed, r.Result.Code = false, http.StatusInternalServerError
			},
			want: "allowed false, want false: &Status{ListMeta:ListMeta{SelfLink:,ResourceVersion:,Continue:,RemainingItemCount:nil,ShardInfo:nil,},Status:,Message:,Reason:,Details:nil,Code:500,}",
		},
		"the answer to another question": {
			change: func(r *admissionv1.AdmissionResponse) { r.UID = types.UID("load-99999") }, want: "answer to UID, want one to UID",
		},
		"no answer": {
			change: func(r *admissionv1.AdmissionResponse) { r.UID = "none" }, want: `no response in {"request":`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &load.Service{}
			service.Add(answering(t, test.change).Listener.Addr().String())
			got := run(t, service, !test.denied)
			if !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("reason %q, want %q", got, test.want)
			}
		})
	}
}

func TestServiceWithoutEndpointsFails(t *testing.T) {
	t.Parallel()
	want := `Post "http://stateward/validate?timeout=10s": no endpoints available`
	if diff := cmp.Diff(want, run(t, &load.Service{}, true)); diff != "" {
		t.Errorf("reason (-want +got):\n%s", diff)
	}
}

// named answers each connection with its name.
func named(t *testing.T, name string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, name)
			t.Cleanup(func() { connection.Close() })
		}
	}()
	return listener.Addr().String()
}

func who(t *testing.T, connection net.Conn) string {
	t.Helper()
	name := make([]byte, 1)
	if _, err := connection.Read(name); err != nil {
		t.Fatal(err)
	}
	return string(name)
}

func TestServiceKeepsConnectionsAndBalancesNewOnes(t *testing.T) {
	t.Parallel()
	service := &load.Service{}
	old, young := named(t, "a"), named(t, "b")
	service.Add(old)
	balancer := service.NewBalancer()
	dial := func() net.Conn {
		connection, err := balancer.DialContext(t.Context(), "tcp", "anything:443")
		if err != nil {
			t.Fatal(err)
		}
		return connection
	}
	kept := dial()
	service.Add(young)
	service.Remove(old)
	fresh := dial()
	defer fresh.Close()
	if diff := cmp.Diff([]string{"a", "b"}, []string{who(t, kept), who(t, fresh)}); diff != "" {
		t.Errorf("kept and new (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 1}, []int{balancer.Open(old), balancer.Open(young)}); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
	kept.Close()
	kept.Close()
	if diff := cmp.Diff([]int{0, 1}, []int{balancer.Open(old), balancer.Open(young)}); diff != "" {
		t.Errorf("open after one was closed (-want +got):\n%s", diff)
	}
}

// TestBalancerSeesChangesAfterTheLag dials an address without a listener: the error names the chosen endpoint.
func TestBalancerSeesChangesAfterTheLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &load.Service{Lag: 15 * time.Second}
		balancer := service.NewBalancer()
		empty := func() bool {
			_, err := balancer.DialContext(t.Context(), "tcp", "")
			return err != nil && err.Error() == "no endpoints available"
		}
		service.Add("nowhere")
		if !empty() {
			t.Error("the endpoint is known at once")
		}
		time.Sleep(15 * time.Second)
		if empty() {
			t.Error("the endpoint is not known after the lag")
		}
		service.Remove("nowhere")
		if empty() {
			t.Error("the end of the endpoint is known at once")
		}
		time.Sleep(15 * time.Second)
		if !empty() {
			t.Error("the end of the endpoint is not known after the lag")
		}
		service.Add("nowhere")
		service.RemoveNow("nowhere")
		time.Sleep(15 * time.Second)
		if !empty() {
			t.Error("what was told first was heard last, and believed")
		}
	})
}
