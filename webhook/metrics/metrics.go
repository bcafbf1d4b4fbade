// Package metrics holds the Prometheus metrics of the webhook.
package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/utils/ptr"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/auditor"
)

// Outcome is the result of one request, as metrics and audit annotations name it.
type Outcome string

// The outcomes of requests.
const (
	Allowed Outcome = "allowed"
	Denied  Outcome = "denied"
	Exempt  Outcome = "exempt"
	Error   Outcome = "error"
	// Shed is the outcome of a request that was rejected because the queue was full or slow.
	Shed Outcome = "shed"
)

// OutcomeOf returns the outcome of a decision.
func OutcomeOf(decision engine.Decision) Outcome {
	switch {
	case decision.Exempt != "":
		return Exempt
	case decision.Allowed:
		return Allowed
	default:
		return Denied
	}
}

// Metrics are Stateward's own, beside controller-runtime's. No label ever holds the name of an object; only findings of the audit
// have namespaces, up to a limit.
type Metrics struct {
	requests   *prometheus.CounterVec
	duration   prometheus.Histogram
	results    *prometheus.CounterVec
	errors     prometheus.Counter
	library    *prometheus.GaugeVec
	notAfter   prometheus.Gauge
	distrusted prometheus.Gauge
	reloads    *prometheus.CounterVec
	excepted   *prometheus.CounterVec
	records    *prometheus.CounterVec
	writes     *prometheus.CounterVec
	checks     *prometheus.CounterVec
	// Audit counts the findings of the audit.
	Audit *auditor.Metrics
}

// New registers the metrics.
func New(registry prometheus.Registerer) (*Metrics, error) {
	metrics := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_admission_requests_total",
			Help: "Admission requests by operation, decision and dry run.",
		}, []string{"operation", "decision", "dry_run"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "stateward_admission_duration_seconds",
			Help:    "Time to decide an admission request, in seconds.",
			Buckets: []float64{50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1},
		}),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_policy_results_total",
			Help: "Findings by rule and level.",
		}, []string{"policy", "level"}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stateward_evaluation_errors_total",
			Help: "Requests that were rejected because they could not be evaluated.",
		}),
		library: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "stateward_policy_library_info",
			Help: "Always 1; the labels are the active revisions of rules and Guardrails.",
		}, []string{"revision", "guardrails"}),
		notAfter: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "stateward_certificate_not_after_timestamp_seconds",
			Help: "Expiry time of the serving certificate, in seconds since 1970.",
		}),
		distrusted: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "stateward_ca_bundle_mismatches",
			Help: "Webhooks whose caBundle does not trust the serving certificate; API servers cannot call them.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_reload_total",
			Help: "Reloads of rules and Guardrails by result; after a failure the old ones stay active.",
		}, []string{"result"}),
		excepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_exceptions_total",
			Help: "Findings that an exception in the Guardrails exempted, by rule.",
		}, []string{"policy"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_decision_log_records_total",
			Help: "Records of the decision log by result: written, dropped because the queue was full, or failed to be written.",
		}, []string{"result"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_cluster_writes_total",
			Help: "Events and uses of Confirmations by result: written, limited (too many Events about one object), gone (the object does not exist), " +
				"dropped because the queue was full, or failed to be written.",
		}, []string{"kind", "result"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_service_checks_total",
			Help: "Checks of StatefulSets 1 and 10 minutes after a creation that headless-service had a finding about, by result: found, missing, " +
				"idle (no pods), gone, dropped or failed.",
		}, []string{"result"}),
	}
	metrics.Audit = auditor.NewMetrics()
	for _, collector := range append(metrics.Audit.Collectors(),
		metrics.requests, metrics.duration, metrics.results, metrics.errors, metrics.library, metrics.notAfter,
		metrics.distrusted, metrics.reloads, metrics.excepted, metrics.records, metrics.writes, metrics.checks,
	) {
		if err := registry.Register(collector); err != nil {
			return nil, err
		}
	}
	return metrics, nil
}

// Observe counts a request and measures its time.
func (m *Metrics) Observe(request *admissionv1.AdmissionRequest, outcome Outcome, took time.Duration) {
	dryRun := ptr.Deref(request.DryRun, false)
	m.requests.WithLabelValues(operationLabel(request.Operation), string(outcome), strconv.FormatBool(dryRun)).Inc()
	m.duration.Observe(took.Seconds())
	if outcome == Error {
		m.errors.Inc()
	}
}

// operationLabel keeps what a client may invent out of the label.
func operationLabel(operation admissionv1.Operation) string {
	switch operation {
	case admissionv1.Create, admissionv1.Update, admissionv1.Delete, admissionv1.Connect:
		return string(operation)
	default:
		return "unknown"
	}
}

// CountFindings counts the findings of a decision by rule and level.
func (m *Metrics) CountFindings(decision engine.Decision) {
	for _, finding := range decision.Findings {
		m.results.WithLabelValues(finding.Rule, string(finding.Level)).Inc()
		if finding.Exception != nil {
			m.excepted.WithLabelValues(finding.Rule).Inc()
		}
	}
}

// CountRecord records what became of a record of the decision log.
func (m *Metrics) CountRecord(result string) { m.records.WithLabelValues(result).Inc() }

// CountWrite records what became of an Event or of uses of a Confirmation.
func (m *Metrics) CountWrite(kind, result string) { m.writes.WithLabelValues(kind, result).Inc() }

// CountCheck records what a later look at a StatefulSet without Service found.
func (m *Metrics) CountCheck(result string) { m.checks.WithLabelValues(result).Inc() }

// SetLibrary records the revisions in force.
func (m *Metrics) SetLibrary(revision, guardrails string) {
	m.library.Reset()
	m.library.WithLabelValues(revision, guardrails).Set(1)
}

// CountReload records that rules or Guardrails changed, and whether they came into force.
func (m *Metrics) CountReload(err error) {
	result := "success"
	if err != nil {
		result = "failure"
	}
	m.reloads.WithLabelValues(result).Inc()
}

// SetCertificateExpiry records when the serving certificate ends.
func (m *Metrics) SetCertificateExpiry(notAfter time.Time) { m.notAfter.Set(float64(notAfter.Unix())) }

// SetDistrusted records how many webhooks have a caBundle that does not vouch for the serving certificate.
func (m *Metrics) SetDistrusted(webhooks int) { m.distrusted.Set(float64(webhooks)) }
