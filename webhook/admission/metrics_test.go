package admission

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/metrics"
)

// gather is every counter, gauge and number of observations by name and labels.
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			// One of the three is set, the others are 0.
			values[fmt.Sprintf("%s %v", family.GetName(), labels)] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() +
				float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func TestMetricsCountEachRequestOnce(t *testing.T) {
	t.Parallel()
	broken := func(request map[string]any) { request["oldObject"] = nil }
	tests := map[string]struct {
		phase  engine.Phase
		bodies [][]byte
		inv    func(context.Context) (ast.Value, error)
		want   map[string]float64
	}{
		"nothing yet": {
			want: map[string]float64{
				"stateward_admission_duration_seconds map[]":              0,
				"stateward_ca_bundle_mismatches map[]":                    0,
				"stateward_certificate_not_after_timestamp_seconds map[]": 0,
				"stateward_evaluation_errors_total map[]":                 0,
			},
		},
		"one of each": {
			phase: engine.ValidatingPhase,
			bodies: [][]byte{
				read(t, scaleReview), read(t, deleteReview), read(t, "08-delete-orphan.json"),
				read(t, "09-orphan-finalizer-removal-by-gc.json"), altered(t, deleteReview, broken),
			},
			want: map[string]float64{
				"stateward_admission_requests_total map[decision:allowed dry_run:false operation:UPDATE]": 1,
				"stateward_admission_requests_total map[decision:allowed dry_run:false operation:DELETE]": 1,
				"stateward_admission_requests_total map[decision:denied dry_run:false operation:DELETE]":  1,
				"stateward_admission_requests_total map[decision:exempt dry_run:false operation:UPDATE]":  1,
				"stateward_admission_requests_total map[decision:error dry_run:false operation:DELETE]":   1,
				"stateward_admission_duration_seconds map[]":                                              5,
				"stateward_ca_bundle_mismatches map[]":                                                    0,
				"stateward_certificate_not_after_timestamp_seconds map[]":                                 0,
				"stateward_evaluation_errors_total map[]":                                                 1,
				"stateward_policy_results_total map[level:deny policy:cascade-delete]":                    1,
				"stateward_policy_results_total map[level:warn policy:orphan-delete]":                     1,
			},
		},
		"dry runs": {
			phase: engine.MutatingPhase,
			bodies: [][]byte{
				altered(t, createReview, func(request map[string]any) { request["dryRun"] = true }),
				altered(t, createReview, func(request map[string]any) { delete(request, "dryRun") }),
			},
			want: map[string]float64{
				"stateward_admission_requests_total map[decision:allowed dry_run:true operation:CREATE]":  1,
				"stateward_admission_requests_total map[decision:allowed dry_run:false operation:CREATE]": 1,
				"stateward_admission_duration_seconds map[]":                                              2,
				"stateward_ca_bundle_mismatches map[]":                                                    0,
				"stateward_certificate_not_after_timestamp_seconds map[]":                                 0,
				"stateward_evaluation_errors_total map[]":                                                 0,
				"stateward_policy_results_total map[level:warn policy:claim-class-annotation]":            2,
			},
		},
		"operations that a client makes up": {
			phase: engine.ValidatingPhase,
			bodies: [][]byte{
				altered(t, deleteReview, func(request map[string]any) { request["operation"] = "DESTROY" }),
				altered(t, deleteReview, func(request map[string]any) { request["operation"] = "web-0" }),
				altered(t, deleteReview, func(request map[string]any) { request["operation"] = "" }),
				altered(t, deleteReview, func(request map[string]any) { request["operation"] = "CONNECT" }),
			},
			want: map[string]float64{
				"stateward_admission_requests_total map[decision:error dry_run:false operation:unknown]":   3,
				"stateward_admission_requests_total map[decision:allowed dry_run:false operation:CONNECT]": 1,
				"stateward_admission_duration_seconds map[]":                                               4,
				"stateward_ca_bundle_mismatches map[]":                                                     0,
				"stateward_certificate_not_after_timestamp_seconds map[]":                                  0,
				"stateward_evaluation_errors_total map[]":                                                  3,
			},
		},
		"an inventory that fails": {
			phase:  engine.ValidatingPhase,
			inv:    func(context.Context) (ast.Value, error) { return nil, errors.New("no route to host") },
			bodies: [][]byte{read(t, scaleReview)},
			want: map[string]float64{
				"stateward_admission_requests_total map[decision:error dry_run:false operation:UPDATE]": 1,
				"stateward_admission_duration_seconds map[]":                                            1,
				"stateward_ca_bundle_mismatches map[]":                                                  0,
				"stateward_certificate_not_after_timestamp_seconds map[]":                               0,
				"stateward_evaluation_errors_total map[]":                                               1,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := prometheus.NewRegistry()
			handler := newHandler(t, test.phase)
			var err error
			if handler.Metrics, err = metrics.New(registry); err != nil {
				t.Fatal(err)
			}
			if test.inv != nil {
				overlay(handler, test.inv)
			}
			url := serve(t, handler)
			for _, body := range test.bodies {
				post(t, url, contentType, body)
			}
			if diff := cmp.Diff(test.want, gather(t, registry)); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetricsNameTheCurrentLibrary(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	metrics, err := metrics.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	metrics.SetLibrary("old", "none")
	metrics.SetLibrary("new", "none")
	metrics.SetCertificateExpiry(time.Unix(1_800_000_000, 0))
	want := map[string]float64{
		"stateward_admission_duration_seconds map[]":                      0,
		"stateward_ca_bundle_mismatches map[]":                            0,
		"stateward_certificate_not_after_timestamp_seconds map[]":         1_800_000_000,
		"stateward_evaluation_errors_total map[]":                         0,
		"stateward_policy_library_info map[guardrails:none revision:new]": 1,
	}
	if diff := cmp.Diff(want, gather(t, registry)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	if _, err := metrics.New(registry); err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.New(registry); !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
		t.Errorf("error %v, want that they are registered already", err)
	}
}
