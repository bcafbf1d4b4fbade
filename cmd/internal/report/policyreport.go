package report

import (
	"bytes"
	"io"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// policyReport writes reports of an API, one for each namespace, which dashboards of clusters read. What belongs to no
// namespace is in a report of the cluster.
type policyReport struct{ api reportAPI }

// reportAPI is an API of reports. Those that are known have the same fields, besides source.
type reportAPI struct{ version, kind, clusterKind, source string }

type policyReportObject struct {
	APIVersion string               `json:"apiVersion"`
	Kind       string               `json:"kind"`
	Metadata   policyReportMeta     `json:"metadata"`
	Source     string               `json:"source,omitempty"`
	Summary    map[string]int       `json:"summary"`
	Results    []policyReportResult `json:"results"`
}

type policyReportMeta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitempty"`
	Labels    map[string]string `json:"labels"`
}

type policyReportResult struct {
	Source     string                  `json:"source"`
	Policy     string                  `json:"policy"`
	Category   string                  `json:"category,omitempty"`
	Severity   string                  `json:"severity,omitempty"`
	Result     string                  `json:"result"`
	Scored     bool                    `json:"scored"`
	Message    string                  `json:"message,omitempty"`
	Resources  []policyReportReference `json:"resources"`
	Properties map[string]string       `json:"properties,omitempty"`
}

type policyReportReference struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

func newPolicyReport(Options) Renderer {
	return policyReport{reportAPI{version: "wgpolicyk8s.io/v1alpha2", kind: "PolicyReport", clusterKind: "ClusterPolicyReport"}}
}

// newOpenReports is the form that the policy reports moved to. Source: apis/openreports.io/v1alpha1 in openreports/reports-api.
func newOpenReports(Options) Renderer {
	return policyReport{reportAPI{version: "openreports.io/v1alpha1", kind: "Report", clusterKind: "ClusterReport", source: "stateward"}}
}

// Render writes the result.
func (p policyReport) Render(out io.Writer, result Result) error {
	namespaces := map[string][]policyReportResult{}
	add := func(object engine.ObjectReference, result policyReportResult) {
		namespaces[Clean(object.Namespace)] = append(namespaces[Clean(object.Namespace)], result)
	}
	findings := result.findingsOf()
	for i, document := range result.Documents {
		for _, finding := range findings[i] {
			add(finding.Object, p.of(finding, result))
		}
		if whole, tells := p.whole(document, len(findings[i])); tells {
			add(document.ObjectReference, whole)
		}
	}
	for _, problem := range result.Problems {
		add(engine.ObjectReference{}, p.problem(problem))
	}
	var page bytes.Buffer
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		object, err := yaml.Marshal(p.in(namespace, namespaces[namespace]))
		if err != nil {
			return err
		}
		page.WriteString("---\n")
		page.Write(object)
	}
	_, err := out.Write(page.Bytes())
	return err
}

// in is the report of a namespace, or of the cluster.
func (p policyReport) in(namespace string, results []policyReportResult) policyReportObject {
	kind := p.api.kind
	if namespace == "" {
		kind = p.api.clusterKind
	}
	summary := map[string]int{"pass": 0, "fail": 0, "warn": 0, "error": 0, "skip": 0}
	for _, each := range results {
		summary[each.Result]++
	}
	return policyReportObject{
		APIVersion: p.api.version, Kind: kind, Source: p.api.source,
		Metadata: policyReportMeta{
			Name: "stateward", Namespace: namespace, Labels: map[string]string{"app.kubernetes.io/managed-by": "stateward"},
		},
		Summary: summary, Results: results,
	}
}

func (policyReport) of(finding Finding, result Result) policyReportResult {
	reported := policyReportResult{
		Source: "stateward", Policy: Clean(finding.Rule), Category: result.rule(finding.Rule).Category, Scored: true,
		Message: Clean(finding.Message), Resources: []policyReportReference{reference(finding.Object)},
		Properties: map[string]string{"field": Clean(finding.Field), "at": finding.Position.place()},
	}
	reported.Result, reported.Severity = policyReportLevel(finding.Level)
	if exception := finding.Excuse(); exception != "" {
		reported.Properties["exception"] = exception
	}
	return reported
}

// whole tells of a document what no finding tells.
func (policyReport) whole(document Document, findings int) (policyReportResult, bool) {
	whole := policyReportResult{
		Source: "stateward", Policy: "all-rules", Scored: true, Resources: []policyReportReference{reference(document.ObjectReference)},
		Properties: map[string]string{"at": document.Position.place()},
	}
	switch {
	case document.Outcome == Failed:
		whole.Result, whole.Message = "error", "could not be evaluated: "+Clean(document.Error)
	case document.Outcome == Skipped:
		whole.Result, whole.Message = "skip", noRuleFor(document)
	case findings > 0:
		return whole, false
	default:
		whole.Result = "pass"
	}
	return whole, true
}

// problem is about a file, which is no object of a cluster.
func (policyReport) problem(problem Problem) policyReportResult {
	reported := policyReportResult{
		Source: "stateward", Policy: "input", Result: "warn", Scored: true, Message: Clean(problem.Message),
		Resources: []policyReportReference{{Kind: "File", Name: Clean(problem.File)}}, Properties: map[string]string{"at": problem.place()},
	}
	if problem.Unreadable {
		reported.Result = "error"
	}
	return reported
}

func policyReportLevel(level policies.Level) (result, severity string) {
	switch level {
	case policies.Deny:
		return "fail", "high"
	case policies.Warn:
		return "warn", "medium"
	default:
		return "skip", "info"
	}
}

func reference(object engine.ObjectReference) policyReportReference {
	return policyReportReference{Kind: Clean(object.Kind), Namespace: Clean(object.Namespace), Name: Clean(object.Name)}
}
