// Package reports holds the objects of the APIs of reports, which dashboards of clusters read.
package reports

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

const (
	// Source is the program that results and reports are of.
	Source = "stateward"
	// AllRules is the policy of a result that is about no single rule.
	AllRules = "all-rules"
)

// Outcomes of a result.
const (
	Pass  = "pass"
	Fail  = "fail"
	Warn  = "warn"
	Error = "error"
	Skip  = "skip"
)

// API is an API of reports. Those that are known have the same fields, besides the source of a report.
type API struct {
	Group, Version string
	// Kind is of reports in a namespace, ClusterKind of those about objects of the whole cluster.
	Kind, ClusterKind string
	// Resource and ClusterResource are their plurals.
	Resource, ClusterResource string
	hasSource                 bool
}

// OpenReports is the API that the policy reports moved to. Source: apis/openreports.io/v1alpha1 in openreports/reports-api.
func OpenReports() API {
	return API{
		Group: "openreports.io", Version: "v1alpha1", Kind: "Report", ClusterKind: "ClusterReport",
		Resource: "reports", ClusterResource: "clusterreports", hasSource: true,
	}
}

// PolicyReports is the older API. Source: policy-report/pkg/api/wgpolicyk8s.io/v1alpha2 in kubernetes-sigs/wg-policy-prototypes.
func PolicyReports() API {
	return API{
		Group: "wgpolicyk8s.io", Version: "v1alpha2", Kind: "PolicyReport", ClusterKind: "ClusterPolicyReport",
		Resource: "policyreports", ClusterResource: "clusterpolicyreports",
	}
}

// KindIn is the kind of a report in a namespace; empty is the whole cluster.
func (a API) KindIn(namespace string) string {
	if namespace == "" {
		return a.ClusterKind
	}
	return a.Kind
}

// Report is a report of either kind.
type Report struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   Metadata       `json:"metadata"`
	Source     string         `json:"source,omitempty"`
	Scope      *Reference     `json:"scope,omitempty"`
	Summary    map[string]int `json:"summary"`
	Results    []Result       `json:"results"`
}

// Metadata are those of a report.
type Metadata struct {
	Name            string                  `json:"name"`
	Namespace       string                  `json:"namespace,omitempty"`
	Labels          map[string]string       `json:"labels"`
	OwnerReferences []metav1.OwnerReference `json:"ownerReferences,omitempty"`
}

// Result is one result of a report.
type Result struct {
	Source     string            `json:"source"`
	Policy     string            `json:"policy"`
	Rule       string            `json:"rule,omitempty"`
	Category   string            `json:"category,omitempty"`
	Severity   string            `json:"severity,omitempty"`
	Timestamp  *metav1.Timestamp `json:"timestamp,omitempty"`
	Result     string            `json:"result"`
	Scored     bool              `json:"scored"`
	Message    string            `json:"message,omitempty"`
	Resources  []Reference       `json:"resources"`
	Properties map[string]string `json:"properties,omitempty"`
}

// Reference names an object.
type Reference struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	UID        string `json:"uid,omitempty"`
}

// Labels are those of every report that Stateward writes.
func Labels() map[string]string { return map[string]string{"app.kubernetes.io/managed-by": Source} }

// New makes a report with these results.
func (a API) New(metadata Metadata, results []Result) Report {
	summary := map[string]int{Pass: 0, Fail: 0, Warn: 0, Error: 0, Skip: 0}
	for _, each := range results {
		summary[each.Result]++
	}
	metadata.Labels = Labels()
	made := Report{
		APIVersion: a.Group + "/" + a.Version, Kind: a.KindIn(metadata.Namespace), Metadata: metadata, Summary: summary, Results: results,
	}
	if a.hasSource {
		made.Source = Source
	}
	return made
}

// Of returns the result for a finding.
func Of(finding engine.Finding, category string) Result {
	made := Result{
		Source: Source, Policy: finding.Rule, Rule: finding.Rule, Category: category, Scored: true, Message: finding.Message,
		Resources:  []Reference{{Kind: finding.Object.Kind, Namespace: finding.Object.Namespace, Name: finding.Object.Name}},
		Properties: map[string]string{"field": finding.Field},
	}
	made.Result, made.Severity = ofLevel(finding.Level)
	return made
}

func ofLevel(level policies.Level) (result, severity string) {
	switch level {
	case policies.Deny:
		return Fail, "high"
	case policies.Warn:
		return Warn, "medium"
	default:
		return Skip, "info"
	}
}

// Failed is the result of an object that could not be evaluated.
func Failed(object engine.ObjectReference, why string) Result {
	return Result{
		Source: Source, Policy: AllRules, Result: Error, Scored: true, Message: "could not be evaluated: " + why,
		Resources: []Reference{{Kind: object.Kind, Namespace: object.Namespace, Name: object.Name}},
	}
}

// Timeless is the report without what others may add to its metadata, and without times.
func (r Report) Timeless() Report {
	r.Metadata.Labels = nil
	r.Results = slices.Clone(r.Results)
	for index := range r.Results {
		r.Results[index].Timestamp = nil
	}
	return r
}
