package auditor

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// mostNamespaces is how many namespaces have series of their own.
	mostNamespaces = 500
	// otherNamespaces is the label of all the others; no namespace has this name.
	otherNamespaces = "_other"
	// noNamespace is the label of objects of the whole cluster: Prometheus gives an empty one a value of its own.
	noNamespace = "_cluster"
)

// series is what findings of a namespace are counted by.
type series struct{ rule, level string }

// Metrics are those of the audit. Only the replica that it runs in has any but the counter.
type Metrics struct {
	writes *prometheus.CounterVec

	findings, failures, passed, took *prometheus.Desc

	mutex  sync.Mutex
	runs   bool
	found  map[string]map[series]int
	failed map[string]int
	last   time.Time
	length time.Duration
}

// NewMetrics makes metrics without values.
func NewMetrics() *Metrics {
	made := &Metrics{
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stateward_audit_report_writes_total",
			Help: "Writes of reports by result: created, updated, deleted, gone (the object or its namespace was deleted) or failed.",
		}, []string{"result"}),
		findings: prometheus.NewDesc("stateward_audit_findings",
			"Findings of the audit by rule, level and namespace (_cluster for objects of the whole cluster). The 500 namespaces with the most "+
				"findings have series of their own, the others are _other.", []string{"rule", "level", "namespace"}, nil),
		failures: prometheus.NewDesc("stateward_audit_failures", "Objects that the audit could not evaluate; the log and the reports name them.", nil, nil),
		passed: prometheus.NewDesc("stateward_audit_last_pass_timestamp_seconds",
			"Time when the audit had judged and reported everything, in seconds since 1970; the start of the audit if that has not happened yet.", nil, nil),
		took: prometheus.NewDesc("stateward_audit_last_pass_duration_seconds", "Time that the last full pass of the audit took, in seconds.", nil, nil),
	}
	made.end()
	return made
}

// Collectors are what to register.
func (m *Metrics) Collectors() []prometheus.Collector { return []prometheus.Collector{m.writes, m} }

// Describe lists the gauges.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{m.findings, m.failures, m.passed, m.took} {
		descriptions <- each
	}
}

// Collect returns the gauges as they are now.
func (m *Metrics) Collect(collected chan<- prometheus.Metric) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !m.runs {
		return
	}
	gauge := func(of *prometheus.Desc, value float64, labels ...string) {
		collected <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, value, labels...)
	}
	for namespace, counts := range m.bounded() {
		for each, count := range counts {
			gauge(m.findings, float64(count), each.rule, each.level, cmp.Or(namespace, noNamespace))
		}
	}
	failures := 0
	for _, each := range m.failed {
		failures += each
	}
	gauge(m.failures, float64(failures))
	gauge(m.passed, float64(m.last.Unix()))
	gauge(m.took, m.length.Seconds())
}

// bounded puts the namespaces with the fewest findings together.
func (m *Metrics) bounded() map[string]map[series]int {
	if len(m.found) <= mostNamespaces {
		return m.found
	}
	total := func(namespace string) (sum int) {
		for _, count := range m.found[namespace] {
			sum += count
		}
		return sum
	}
	worst := slices.SortedFunc(maps.Keys(m.found), func(a, b string) int {
		return cmp.Or(cmp.Compare(total(b), total(a)), cmp.Compare(a, b))
	})
	bounded, others := map[string]map[series]int{}, map[series]int{}
	for _, namespace := range worst[:mostNamespaces] {
		bounded[namespace] = m.found[namespace]
	}
	for _, namespace := range worst[mostNamespaces:] {
		for each, count := range m.found[namespace] {
			others[each] += count
		}
	}
	bounded[otherNamespaces] = others
	return bounded
}

func (m *Metrics) begin(now time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.runs, m.last = true, now
}

// end removes everything: another replica may continue.
func (m *Metrics) end() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.runs, m.found, m.failed, m.last, m.length = false, map[string]map[series]int{}, map[string]int{}, time.Time{}, 0
}

// set takes what was found in a namespace.
func (m *Metrics) set(namespace string, counts map[series]int, failed int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.found, namespace)
	delete(m.failed, namespace)
	if len(counts) > 0 {
		m.found[namespace] = counts
	}
	if failed > 0 {
		m.failed[namespace] = failed
	}
}

// forget leaves out namespaces that are gone.
func (m *Metrics) forget(isGone func(namespace string) bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	maps.DeleteFunc(m.found, func(namespace string, _ map[series]int) bool { return isGone(namespace) })
	maps.DeleteFunc(m.failed, func(namespace string, _ int) bool { return isGone(namespace) })
}

// finished takes the times of a full pass.
func (m *Metrics) finished(started, ended time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.last, m.length = ended, ended.Sub(started)
}
