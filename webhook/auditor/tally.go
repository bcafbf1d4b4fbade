package auditor

import (
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/reports"
)

// longestReport is how many results a report has at most: it must fit into one object of the API.
const longestReport = 500

// tally is what is found in a namespace.
type tally struct {
	decider *engine.Engine
	// sets own what is found of their pods and claims. They are known by the names of their claims without the ordinals.
	sets   map[string]metav1.OwnerReference
	drafts map[types.UID]*draft
	counts map[series]int
	seen   seen
	// failed counts the objects that could not be evaluated.
	failed int
}

// seen is what an evaluation of a namespace has seen of the use of exceptions.
type seen struct {
	used      map[int]bool
	undecided map[engine.Undecided]bool
	// failed says that not all could be evaluated.
	failed bool
}

// draft is a report on a StatefulSet, or on an object that belongs to none.
type draft struct {
	owner   metav1.OwnerReference
	results []reports.Result
	// omitted counts the results beyond the limit.
	omitted int
}

func newTally(decider *engine.Engine) *tally {
	return &tally{
		decider: decider, sets: map[string]metav1.OwnerReference{}, drafts: map[types.UID]*draft{},
		counts: map[series]int{}, seen: seen{used: map[int]bool{}, undecided: map[engine.Undecided]bool{}},
	}
}

// add takes what is found of an object. StatefulSets must come before their claims.
func (t *tally) add(object stored.Object, facts stored.Facts, decision engine.Decision, err error) {
	self := metav1.OwnerReference{APIVersion: object.APIVersion, Kind: object.Kind, Name: object.Name, UID: types.UID(facts.UID)}
	if object.Resource == "statefulsets" {
		for _, claim := range claimsOf(object) {
			t.sets[claim] = self
		}
	}
	owner := t.ownerOf(object, facts, self)
	if err != nil {
		t.failed++
		t.seen.failed = true
		t.report(owner, reports.Failed(object.ObjectReference, err.Error()))
	}
	for _, each := range decision.Undecided {
		t.seen.undecided[each] = true
	}
	for _, finding := range decision.Findings {
		t.counts[series{finding.Rule, string(finding.Level)}]++
		for _, index := range stored.ExceptionsOf(t.decider, finding) {
			t.seen.used[index] = true
		}
		rule, _ := t.decider.Library().Rule(finding.Rule)
		t.report(owner, resultOf(finding, rule.Category))
	}
}

func (t *tally) report(owner metav1.OwnerReference, result reports.Result) {
	if t.drafts[owner.UID] == nil {
		t.drafts[owner.UID] = &draft{owner: owner}
	}
	to := t.drafts[owner.UID]
	if len(to.results) == longestReport {
		to.omitted++
		return
	}
	to.results = append(to.results, result)
}

// ownerOf is the StatefulSet that an object belongs to, otherwise the object itself.
func (t *tally) ownerOf(object stored.Object, facts stored.Facts, self metav1.OwnerReference) metav1.OwnerReference {
	switch object.Resource {
	case "pods":
		if owner := facts.Controller; owner != nil && owner.Kind == "StatefulSet" && policies.GroupOf(owner.APIVersion) == "apps" {
			return metav1.OwnerReference{APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name, UID: owner.UID}
		}
	case "persistentvolumeclaims":
		rest, _, hasOrdinal := forecast.CutOrdinal(object.Name)
		if set, known := t.sets[rest]; hasOrdinal && known {
			return set
		}
	}
	return self
}

// claimsOf are the names of the claims of a StatefulSet, without the ordinals.
func claimsOf(set stored.Object) (claims []string) {
	var read struct {
		Spec struct {
			VolumeClaimTemplates []struct{ Metadata struct{ Name string } }
		}
	}
	// Rules report what cannot be read.
	if json.Unmarshal(set.Raw, &read) != nil {
		return nil
	}
	for _, template := range read.Spec.VolumeClaimTemplates {
		claims = append(claims, template.Metadata.Name+"-"+set.Name)
	}
	return claims
}

func resultOf(finding engine.Finding, category string) reports.Result {
	result := reports.Of(finding, category)
	if used := finding.Exception; used != nil {
		result.Properties["exception"] = fmt.Sprintf("excepted until %s: %s; ask %s", used.Expires, used.Reason, used.Owner)
	}
	return result
}

// in is the report of a namespace that the draft becomes.
func (d *draft) in(namespace string, api reports.API) reports.Report {
	results := d.results
	if d.omitted > 0 {
		results = append(slices.Clip(results), reports.Result{
			Source: reports.Source, Policy: reports.AllRules, Result: reports.Skip, Scored: true,
			Message:   fmt.Sprintf("%d more results have no room in this report: run stateward audit", d.omitted),
			Resources: []reports.Reference{{APIVersion: d.owner.APIVersion, Kind: d.owner.Kind, Namespace: namespace, Name: d.owner.Name}},
		})
	}
	made := api.New(reports.Metadata{Name: nameOf(d.owner.UID), Namespace: namespace, OwnerReferences: []metav1.OwnerReference{d.owner}}, results)
	made.Scope = &reports.Reference{
		APIVersion: d.owner.APIVersion, Kind: d.owner.Kind, Namespace: namespace, Name: d.owner.Name, UID: string(d.owner.UID),
	}
	return made
}

// nameOf names a report after the UID of its owner: another object of the same name gets another report.
func nameOf(owner types.UID) string { return reports.Source + "-" + string(owner) }
