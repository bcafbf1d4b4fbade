package manifests_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/promql/parser"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	// What the server imports registers metrics of its own.
	_ "github.com/stateward/stateward/webhook"
	"github.com/stateward/stateward/webhook/metrics"
)

// target names the labels that Prometheus itself gives every series.
var target = []string{"instance", "job", "namespace", "pod"}

func TestAlertsAndDashboardUseExistingMetrics(t *testing.T) {
	t.Parallel()
	documents := installs(t)[everything]
	expressions := map[string]string{}
	for _, group := range only[monitoringv1.PrometheusRule](t, documents, "PrometheusRule").Spec.Groups {
		for _, rule := range group.Rules {
			expressions["alert "+rule.Alert] = rule.Expr.String()
		}
	}
	for _, panel := range dashboard(t).Panels {
		for _, each := range panel.Targets {
			expressions["panel "+panel.Title+" "+each.RefID] = each.Expr
		}
	}
	known := registered(t)
	for where, expression := range expressions {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			parsed, err := parser.NewParser(parser.Options{}).ParseExpr(withoutVariables(expression))
			if err != nil {
				t.Fatal(err)
			}
			parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
				selector, ok := node.(*parser.VectorSelector)
				if !ok {
					return nil
				}
				labels, exists := known[selector.Name]
				if !exists {
					t.Errorf("%q is no metric of the process", selector.Name)
				}
				for _, matcher := range selector.LabelMatchers {
					if matcher.Name != "__name__" && !slices.Contains(append(labels, target...), matcher.Name) {
						t.Errorf("%q has no label %q", selector.Name, matcher.Name)
					}
				}
				return nil
			})
		})
	}
}

func TestDashboardPanelsHaveUniqueIDs(t *testing.T) {
	t.Parallel()
	ids := map[int]string{}
	for _, panel := range dashboard(t).Panels {
		if panel.Title == "" || panel.ID == 0 {
			t.Errorf("panel %d %q needs an id and a title", panel.ID, panel.Title)
		}
		if other, taken := ids[panel.ID]; taken {
			t.Errorf("panels %q and %q have the same id %d", other, panel.Title, panel.ID)
		}
		ids[panel.ID] = panel.Title
	}
}

func TestDashboardIsWhatTheComponentInstalls(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(filepath.Join(root, "manifests/components/grafana-dashboard/stateward.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), installedDashboard(t)); diff != "" {
		t.Errorf("installed (-file +installed):\n%s", diff)
	}
}

type grafanaDashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Title   string `json:"title"`
		Targets []struct {
			RefID string `json:"refId"`
			Expr  string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func dashboard(t *testing.T) (parsed grafanaDashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(installedDashboard(t)), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

func installedDashboard(t *testing.T) string {
	t.Helper()
	return only[struct {
		Data map[string]string `json:"data"`
	}](t, installs(t)[everything], "ConfigMap").Data["stateward.json"]
}

// withoutVariables puts something in the place of Grafana's variables that is no error.
func withoutVariables(expression string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h").Replace(expression)
}

// registered maps the metrics of the process to their labels: those that a series has once there is one, and no more.
func registered(t *testing.T) map[string][]string {
	t.Helper()
	own := prometheus.NewRegistry()
	if _, err := metrics.New(own); err != nil {
		t.Fatal(err)
	}
	process, ok := ctrlmetrics.Registry.(interface {
		prometheus.Gatherer
		prometheus.Collector
	})
	if !ok {
		t.Fatal("the registry of controller-runtime does not describe its metrics any more")
	}
	all := map[string][]string{}
	maps.Copy(all, described(t, own, own))
	maps.Copy(all, described(t, process, process))
	return all
}

// described lists what the collectors describe. A histogram is three metrics, of which none has its name.
func described(t *testing.T, collector prometheus.Collector, gatherer prometheus.Gatherer) map[string][]string {
	t.Helper()
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		collector.Describe(descriptions)
	}()
	pattern := regexp.MustCompile(`fqName: "([^"]*)".* variableLabels: {([^}]*)}`)
	all := map[string][]string{}
	for description := range descriptions {
		found := pattern.FindStringSubmatch(description.String())
		if found == nil {
			t.Fatalf("cannot read %s", description)
		}
		all[found[1]] = strings.Split(found[2], ",")
	}
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetType() != dto.MetricType_HISTOGRAM {
			continue
		}
		labels := all[family.GetName()]
		delete(all, family.GetName())
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			all[family.GetName()+suffix] = labels
		}
		all[family.GetName()+"_bucket"] = append(slices.Clone(labels), "le")
	}
	return all
}
