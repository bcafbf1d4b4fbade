package htmlreport_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/htmlreport"
	"github.com/stateward/stateward/cmd/internal/topology"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

func write(t *testing.T, page htmlreport.Page) string {
	t.Helper()
	var written strings.Builder
	if err := page.Write(&written); err != nil {
		t.Fatal(err)
	}
	return written.String()
}

func finding(rule string, level policies.Level, kind, namespace, name string) htmlreport.Finding {
	made := htmlreport.Finding{File: "there.yaml"}
	made.Rule, made.Level, made.What = rule, level, "something is wrong"
	made.Object = engine.ObjectReference{Kind: kind, Namespace: namespace, Name: name}
	return made
}

// db is a set with two pods, a claim and a volume each.
func db() topology.Set {
	part := func(kind, name string) topology.Part {
		return topology.Part{Kind: kind, Namespace: "data", Name: name, State: topology.Exists}
	}
	service := part("Service", "db")
	set := topology.Set{File: "there.yaml", Namespace: "data", Name: "db", Service: &service}
	for index := range 2 {
		name := fmt.Sprintf("db-%d", index)
		volume := topology.Part{Kind: "PersistentVolume", Name: "pv-" + name, State: topology.Exists}
		set.Pods = append(set.Pods, topology.Pod{Part: part("Pod", name), Claims: []topology.Claim{{Part: part("PersistentVolumeClaim", "data-"+name), Volume: &volume}}})
	}
	return set
}

func TestPageListsWorstFindingsFirst(t *testing.T) {
	t.Parallel()
	page := htmlreport.Page{Title: "t", Findings: []htmlreport.Finding{
		finding("a", policies.Warn, "StatefulSet", "calm", "one"),
		finding("b", policies.Audit, "StatefulSet", "", "cluster"),
		finding("a", policies.Warn, "StatefulSet", "hurt", "small"),
		finding("a", policies.Warn, "StatefulSet", "hurt", "large"),
		finding("b", policies.Deny, "StatefulSet", "hurt", "large"),
	}}
	heading := regexp.MustCompile(`<h[34] id="[no]\d+">([^<]*) <|<li data-level="([^"]*)"`)
	var got []string
	for _, found := range heading.FindAllStringSubmatch(write(t, page), -1) {
		got = append(got, found[1]+found[2])
	}
	want := []string{
		"Namespace hurt", "StatefulSet large", "deny", "warn", "StatefulSet small", "warn",
		"Namespace calm", "StatefulSet one", "warn", "The cluster", "StatefulSet cluster", "audit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestDrawingMarksThePartOfAFinding(t *testing.T) {
	t.Parallel()
	about := func(rule, field, what string) htmlreport.Finding {
		made := finding(rule, policies.Warn, "StatefulSet", "data", "db")
		made.Field, made.What = field, what
		return made
	}
	others := about("x", "spec.replicas", "two of them")
	others.Others = []engine.ObjectReference{{Kind: "Service", Namespace: "data", Name: "db"}}
	tests := map[string]struct {
		finding htmlreport.Finding
		want    []string
	}{
		"of a field":                  {about("spread", "spec.replicas", "2 pods may share one node"), []string{"StatefulSet db"}},
		"of the governing Service":    {about("headless-service", "spec.serviceName", `Service "db" does not exist`), []string{"Service db"}},
		"of a missing budget":         {about("disruption-budget", "spec.replicas", "no budget"), []string{"PodDisruptionBudget none: missing"}},
		"of all claims":               {about("claim-template", "spec.volumeClaimTemplates", "too small"), []string{"PersistentVolumeClaim data-db-0", "PersistentVolumeClaim data-db-1"}},
		"of the claims of a template": {about("claim-mounts", "spec.volumeClaimTemplates[0].metadata.name", "no container mounts it"), []string{"PersistentVolumeClaim data-db-0", "PersistentVolumeClaim data-db-1"}},
		"of another template":         {about("claim-mounts", "spec.volumeClaimTemplates[1].metadata.name", "no container mounts it"), []string{"StatefulSet db"}},
		"of a claim that is named":    {about("claim-drift", "spec.volumeClaimTemplates[0]", "data-db-1: size 8Gi"), []string{"PersistentVolumeClaim data-db-1"}},
		"of a volume":                 {about("volume-retention", "spec.volumeClaimTemplates[0]", "the volumes of data-db-1"), []string{"PersistentVolume pv-db-1"}},
		"of a pod that is named":      {about("stuck-pods", "status.readyReplicas", "db-1: not Ready"), []string{"Pod db-1"}},
		"with other objects":          {others, []string{"Service db"}},
		"of a part":                   {finding("x", policies.Deny, "Pod", "data", "db-0"), []string{"Pod db-0"}},
		"of a volume of the set":      {finding("x", policies.Deny, "PersistentVolume", "", "pv-db-0"), []string{"PersistentVolume pv-db-0"}},
		"of a pod of another set":     {finding("x", policies.Deny, "Pod", "data", "web-0"), nil},
		"of a set in another file":    {func() htmlreport.Finding { made := about("x", "spec", "y"); made.File = "other.yaml"; return made }(), nil},
		"of a pod elsewhere in name":  {about("stuck-pods", "status.readyReplicas", "old-db-1: not Ready"), []string{"StatefulSet db"}},
	}
	box := regexp.MustCompile(`<g class="[^"]*"><title>([^<]*)</title>.*\n(<rect class="badge)?`)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, found := range box.FindAllStringSubmatch(write(t, htmlreport.Page{Findings: []htmlreport.Finding{test.finding}, Sets: []topology.Set{db()}}), -1) {
				if found[2] != "" {
					got = append(got, found[1])
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("marked parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDrawingsAreBounded(t *testing.T) {
	t.Parallel()
	page := htmlreport.Page{}
	for index := range 130 {
		set := db()
		set.Name = fmt.Sprintf("db%d", index)
		set.Pods = nil
		for ordinal := range 100 {
			set.Pods = append(set.Pods, topology.Pod{Part: topology.Part{Kind: "Pod", Namespace: "data", Name: fmt.Sprintf("%s-%d", set.Name, ordinal)}})
		}
		set.More = 7
		page.Sets = append(page.Sets, set)
		page.Findings = append(page.Findings, finding("x", policies.Warn, "StatefulSet", "data", set.Name))
	}
	page.Findings[0].What = "db0-99: not Ready"
	written := write(t, page)
	for text, times := range map[string]int{
		"<svg": 100, "<figcaption>99 more pods not drawn.": 100, "100 sets that hurt most are drawn, 30 more are listed": 1, `<title>Pod db0-99</title>`: 1,
	} {
		if got := strings.Count(written, text); got != times {
			t.Errorf("%q is there %d times, not %d", text, got, times)
		}
	}
}

func TestPageEscapesTextOfObjects(t *testing.T) {
	t.Parallel()
	const hostile = `</title></style><script>alert(1)</script>" onload='x' {{.}} <!--`
	made := finding(hostile, policies.Deny, hostile, hostile, hostile)
	made.What, made.Fix, made.Field, made.Place, made.Excuse, made.File = hostile, hostile, hostile, hostile, hostile, hostile
	set := db()
	set.Name, set.Namespace, set.File, set.Detail = hostile, hostile, hostile, hostile
	ofSet := finding("x", policies.Deny, "StatefulSet", hostile, hostile)
	ofSet.File = hostile
	written := write(t, htmlreport.Page{
		Title: hostile, Headline: hostile, Lines: []string{hostile}, Findings: []htmlreport.Finding{made, ofSet}, Gone: []htmlreport.Finding{made}, IsCompared: true,
		Counts: []htmlreport.Count{{Name: hostile}}, Unchecked: []string{hostile}, Notes: []string{hostile}, Version: hostile, Sets: []topology.Set{set},
		Rules: []policies.Rule{{ID: hostile, Title: hostile}},
	})
	for _, text := range []string{"<script>alert", "onload='x'", "</title></style>", "<!--"} {
		if strings.Contains(written, text) {
			t.Errorf("the page has %s", text)
		}
	}
	if strings.Count(written, "<svg") != 1 {
		t.Error("the set is not drawn")
	}
}
