package report

import (
	"bytes"
	"io"
	"maps"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/webhook/reports"
)

// policyReport writes reports of an API, one for each namespace, which dashboards of clusters read. What belongs to no
// namespace is in a report of the cluster.
type policyReport struct{ api reports.API }

func newPolicyReport(Options) Renderer { return policyReport{reports.PolicyReports()} }

func newOpenReports(Options) Renderer { return policyReport{reports.OpenReports()} }

// Render writes the result.
func (p policyReport) Render(out io.Writer, result Result) error {
	namespaces := map[string][]reports.Result{}
	add := func(object engine.ObjectReference, result reports.Result) {
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
		object, err := yaml.Marshal(p.api.New(reports.Metadata{Name: reports.Source, Namespace: namespace}, namespaces[namespace]))
		if err != nil {
			return err
		}
		page.WriteString("---\n")
		page.Write(object)
	}
	_, err := out.Write(page.Bytes())
	return err
}

func (policyReport) of(finding Finding, result Result) reports.Result {
	finding.Rule, finding.Message, finding.Field = Clean(finding.Rule), Clean(finding.Message), Clean(finding.Field)
	reported := reports.Of(finding.Finding, result.rule(finding.Rule).Category)
	reported.Resources = []reports.Reference{reference(finding.Object)}
	reported.Properties["at"] = finding.Position.place()
	if exception := finding.Excuse(); exception != "" {
		reported.Properties["exception"] = exception
	}
	return reported
}

// whole describes a document without a finding.
func (policyReport) whole(document Document, findings int) (reports.Result, bool) {
	whole := reports.Result{
		Source: reports.Source, Policy: reports.AllRules, Scored: true, Resources: []reports.Reference{reference(document.ObjectReference)},
		Properties: map[string]string{"at": document.Position.place()},
	}
	switch {
	case document.Outcome == Failed:
		failed := reports.Failed(document.ObjectReference, Clean(document.Error))
		whole.Result, whole.Message = failed.Result, failed.Message
	case document.Outcome == Skipped:
		whole.Result, whole.Message = reports.Skip, noRuleFor(document)
	case findings > 0:
		return whole, false
	default:
		whole.Result = reports.Pass
	}
	return whole, true
}

// problem is about a file, not about an object of a cluster.
func (policyReport) problem(problem Problem) reports.Result {
	reported := reports.Result{
		Source: reports.Source, Policy: "input", Result: reports.Warn, Scored: true, Message: Clean(problem.Message),
		Resources: []reports.Reference{{Kind: "File", Name: Clean(problem.File)}}, Properties: map[string]string{"at": problem.place()},
	}
	if problem.Unreadable {
		reported.Result = reports.Error
	}
	return reported
}

func reference(object engine.ObjectReference) reports.Reference {
	return reports.Reference{Kind: Clean(object.Kind), Namespace: Clean(object.Namespace), Name: Clean(object.Name)}
}
