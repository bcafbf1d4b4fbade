package vap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/examples"
)

// TestPoliciesAgreeWithTheRules makes every request of every rule's examples on a real API server that has all the
// policies, and wants those to find something wrong that belong to rules which would deny it, and no others.
func TestPoliciesAgreeWithTheRules(t *testing.T) {
	library, rules := exported(t)
	server := start(t)
	// Policies that deny, which only warn here: of all that would, and also where one cannot be evaluated.
	page := export(t, setting(library, rules, policies.Deny))
	install(t, server, bytes.ReplaceAll(page, []byte("\n  - Deny\n"), []byte("\n  - Warn\n")))
	decider := decider(t, setting(library, rules, policies.Deny))
	all, err := examples.Read(filepath.Join(root, "policies"))
	must(t, err)

	count := counts{seen: map[string]bool{}, excused: map[string]bool{}, blind: map[string]bool{}}
	if _, gates := server.VersionForTest(t); !gates.MaxUnavailable {
		// The API server removes the field before it evaluates policies.
		count.blind["max-unavailable"] = true
	}
	for number, example := range all {
		inv := inventoryOf(t, library, example)
		for index, document := range example.Documents {
			request, now, is := requestOf(t, document)
			if !is {
				continue
			}
			stage := stage{server: server, namespace: fmt.Sprintf("example-%d-%d", number, index)}
			makeNamespace(t, stage)
			count.requests++
			got, err := stage.replay(t, request, example.Documents)
			if err != nil {
				if !byItself(err) {
					t.Errorf("%s: document %d: %v", example.File, index, err)
				}
				count.refused++
				continue
			}
			judged := decisions{
				want: denied(t, decider, inv, request, now), got: got,
				// The findings of a rule without an inventory.
				alone: denied(t, decider, inventory.NewSnapshot("default", nil), request, now),
			}
			count.compare(t, rules, example, index, judged)
		}
	}
	t.Logf("%d examples, %d requests: %d findings of policies, %d differences declared unseen, %d requests refused by Kubernetes itself",
		len(all), count.requests, count.found, count.unseen, count.refused)
	count.complete(t, rules)
}

// decisions are the rules that deny a request: by Rego, by their policies, and by Rego without other objects.
type decisions struct{ want, got, alone []string }

type counts struct {
	requests, found, refused, unseen int
	// seen are the rules whose policies found something, excused what rules declare unseen and was met.
	seen, excused map[string]bool
	// blind are the rules whose field this version of Kubernetes removes, so that their policies must find nothing.
	blind map[string]bool
}

func (c *counts) compare(t *testing.T, rules []policies.Rule, example examples.Example, index int, judged decisions) {
	t.Helper()
	for _, rule := range rules {
		denies, finds := slices.Contains(judged.want, rule.ID) && !c.blind[rule.ID], slices.Contains(judged.got, rule.ID)
		if finds {
			c.found++
			c.seen[rule.ID] = true
		}
		if denies == finds {
			continue
		}
		if excuse := excuseOf(rule, example, slices.Contains(judged.alone, rule.ID) == finds); excuse != "" {
			c.unseen++
			c.excused[rule.ID+" "+excuse] = true
			continue
		}
		t.Errorf("%s: document %d: rule %s denies it: %v, its policy: %v; mend custom.cel, or say under custom.cel.unseen what a policy cannot see",
			example.File, index, rule.ID, denies, finds)
	}
}

// excuseOf is the key under which a rule declares unseen why its policy checks otherwise; "" where it does not.
func excuseOf(rule policies.Rule, example examples.Example, alike bool) string {
	_, within, _ := strings.Cut(filepath.ToSlash(example.File), "/"+rule.Category+"/"+rule.ID+"/")
	if rule.CEL.NotChecked[within] != "" {
		return within
	}
	for resource := range rule.CEL.NotChecked {
		if alike && slices.Contains(rule.Reads, resource) {
			return resource
		}
	}
	return ""
}

// complete wants every policy to have found something, and all that is declared unseen to be there.
func (c *counts) complete(t *testing.T, rules []policies.Rule) {
	t.Helper()
	for _, rule := range rules {
		if c.blind[rule.ID] {
			continue
		}
		if !c.seen[rule.ID] {
			t.Errorf("the policy of %s found nothing in any example", rule.ID)
		}
		for key := range rule.CEL.NotChecked {
			if !c.excused[rule.ID+" "+key] {
				t.Errorf("rule %s declares %s unseen, and no example shows that", rule.ID, key)
			}
		}
	}
}

// denied are the rules that deny a request.
func denied(t *testing.T, decider *engine.Engine, inv inventory.Inventory, request admissionv1.AdmissionRequest, now time.Time) (rules []string) {
	t.Helper()
	review := engine.FromAdmission(&request, now)
	review.Phase = engine.ValidatingPhase
	decision, err := decider.Decide(t.Context(), review, inv)
	must(t, err)
	for _, finding := range decision.Findings {
		if finding.Level == policies.Deny && !slices.Contains(rules, finding.Rule) {
			rules = append(rules, finding.Rule)
		}
	}
	return rules
}

func inventoryOf(t *testing.T, library *policies.Library, example examples.Example) inventory.Inventory {
	t.Helper()
	inv := inventory.NewSnapshot("default", library.ManifestResources)
	for _, document := range example.Documents {
		if document.GetKind() != "AdmissionReview" {
			must(t, inv.Add(encoded(t, &document)))
		}
	}
	return inv
}

// requestOf is the request that a recorded AdmissionReview holds, or the creation of an object; false where no rule
// checks its kind.
func requestOf(t *testing.T, document unstructured.Unstructured) (admissionv1.AdmissionRequest, time.Time, bool) {
	t.Helper()
	if document.GetKind() == "AdmissionReview" {
		var recorded struct {
			Request   admissionv1.AdmissionRequest
			Stateward struct{ Time time.Time }
		}
		must(t, json.Unmarshal(encoded(t, &document), &recorded))
		judged, known := policies.LookupResource(recorded.Request.Resource.Resource)
		// An audit is no request that an API server makes, and this one lacks what a cluster may lack.
		return recorded.Request, recorded.Stateward.Time, known && !judged.Optional && recorded.Request.Operation != policies.Inspect
	}
	kind := document.GroupVersionKind()
	resource, known := policies.ResourceOfKind(kind.Group, kind.Kind)
	return admissionv1.AdmissionRequest{
		UserInfo:  authenticationv1.UserInfo{Username: document.GetAnnotations()["stateward.dev/confirmed-by"]},
		Operation: admissionv1.Create, Namespace: document.GetNamespace(), Name: document.GetName(),
		Kind:     metav1.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
		Resource: metav1.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: resource.Name},
		Object:   runtime.RawExtension{Raw: encoded(t, &document)},
	}, time.Now(), known && resource.Namespaced && !resource.Optional
}

func decider(t *testing.T, guardrails []byte) *engine.Engine {
	t.Helper()
	library, err := policies.Embedded()
	must(t, err)
	parsed, err := v1alpha1.ParseGuardrails(guardrails, library)
	must(t, err)
	made, err := engine.New(t.Context(), library, parsed)
	must(t, err)
	return made
}
