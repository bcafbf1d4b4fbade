// Package usage reads what processes take.
package usage

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/stateward/stateward/test/cluster"
)

// InStatus reads an amount of memory of a process, in bytes. Source: proc_pid_status(5).
func InStatus(pid int, name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of the process: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if amount, ok := strings.CutPrefix(line, name+":"); ok {
			kibibytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(amount), "kB")), 64)
			return kibibytes * 1024, err
		}
	}
	return 0, fmt.Errorf("read memory of process %d: the kernel does not tell %s", pid, name)
}

// Metrics reads gauges and counters of a process by their names, and adds up those that have labels. A name that the page does not
// have is not among the values.
func Metrics(ctx context.Context, address string, names ...string) (map[string]float64, error) {
	page, err := cluster.Get(ctx, http.DefaultClient, address+"/metrics")
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	err = visit(page, func(name string, _ map[string]string, value float64) {
		if slices.Contains(names, name) {
			values[name] += value
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read metrics of %s: %w", address, err)
	}
	return values, nil
}

// Sum adds up the series of a metric whose labels are wanted.
func Sum(page []byte, metric string, wanted func(labels map[string]string) bool) (total float64, err error) {
	err = visit(page, func(name string, labels map[string]string, value float64) {
		if name == metric && wanted(labels) {
			total += value
		}
	})
	return total, err
}

// visit goes over all gauges and counters of a page in Prometheus' text format.
func visit(page []byte, each func(name string, labels map[string]string, value float64)) error {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return err
	}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			each(name, labels, metric.GetGauge().GetValue()+metric.GetCounter().GetValue())
		}
	}
	return nil
}
