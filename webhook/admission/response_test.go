package admission

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// finding has the message that the library would build of its parts.
func finding(level policies.Level, rule, field, what, fix string) engine.Finding {
	return engine.Finding{
		Rule: rule, Level: level, Field: field, What: what, Fix: fix,
		Message: fmt.Sprintf("[%s] %s: %s. Fix: %s.", rule, field, what, fix),
	}
}

func existing(of engine.Finding) engine.Finding {
	of.Existing = true
	return of
}

func unnamed(of engine.Finding) engine.Finding {
	of.Confirmation = &engine.Confirmation{By: "alice", Unnamed: true}
	return of
}

func confirmed(of engine.Finding) engine.Finding {
	of.Confirmed = true
	return of
}

func TestWarningFitsInto120Characters(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		finding engine.Finding
		want    string
	}{
		"all of it where it fits": {
			finding: finding(policies.Warn, "r", "spec.replicas", "too few", "have more"),
			want:    "[r] spec.replicas: too few. Fix: have more.",
		},
		"all of it where it just fits": {
			finding: finding(policies.Warn, "r", "f", "w", strings.Repeat("x", 120-len("[r] f: w. Fix: ."))),
			want:    "[r] f: w. Fix: " + strings.Repeat("x", 120-len("[r] f: w. Fix: .")) + ".",
		},
		"first goes the way out": {
			finding: finding(policies.Warn, "r", "f", "w", strings.Repeat("x", 121-len("[r] f: w. Fix: ."))),
			want:    "[r] f: w",
		},
		"then goes the field": {
			finding: finding(policies.Warn, "r", strings.Repeat("f", 120), "too few", "have more"),
			want:    "[r] too few",
		},
		"what is still too long is cut": {
			finding: finding(policies.Warn, "r", "f", strings.Repeat("w", 200), "have more"),
			want:    "[r] " + strings.Repeat("w", 115) + "…",
		},
		"characters count and not bytes": {
			finding: finding(policies.Warn, "r", "f", strings.Repeat("名", 100), "短"),
			want:    "[r] f: " + strings.Repeat("名", 100) + ". Fix: 短.",
		},
		"no character is cut in half": {
			finding: finding(policies.Warn, "r", "f", strings.Repeat("🐘", 200), "have more"),
			want:    "[r] " + strings.Repeat("🐘", 115) + "…",
		},
		"what was there before needs no way out": {
			finding: existing(finding(policies.Warn, "r", "f", "too few", "have more")),
			want:    "[r] f: as before: too few",
		},
		"what was confirmed says so": {
			finding: confirmed(finding(policies.Warn, "r", "f", "too few", "have more")),
			want:    "[r] f: confirmed: too few",
		},
		"what was confirmed without rules says that this is deprecated": {
			finding: unnamed(confirmed(finding(policies.Warn, "r", "f", "too few", "have more"))),
			want:    "[r] f: confirmed (deprecated: without stateward.dev/confirm-rules): too few",
		},
		"what was confirmed and there before was confirmed": {
			finding: confirmed(existing(finding(policies.Warn, "r", "f", "too few", "have more"))),
			want:    "[r] f: confirmed: too few",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := warning(test.finding)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("warning (-want +got):\n%s", diff)
			}
			if count := utf8.RuneCountInString(got); count > 120 {
				t.Errorf("%d characters", count)
			}
		})
	}
}

func TestResponseHasAtMostEightWarnings(t *testing.T) {
	t.Parallel()
	lines := func(count int) (lines []string) {
		for index := range count {
			lines = append(lines, fmt.Sprintf("[r] f%d: w. Fix: x.", index))
		}
		return lines
	}
	tests := map[string]struct {
		count int
		want  []string
	}{
		"none":      {count: 0, want: nil},
		"one":       {count: 1, want: lines(1)},
		"eight":     {count: 8, want: lines(8)},
		"nine":      {count: 9, want: append(lines(7), `and 2 more warnings: see the audit annotation "findings"`)},
		"a hundred": {count: 100, want: append(lines(7), `and 93 more warnings: see the audit annotation "findings"`)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Neither denials nor what is only recorded counts.
			findings := []engine.Finding{
				finding(policies.Deny, "d", "f", "w", "x"), finding(policies.Audit, "a", "f", "w", "x"),
			}
			for index := range test.count {
				findings = append(findings, finding(policies.Warn, "r", fmt.Sprintf("f%d", index), "w", "x"))
			}
			if diff := cmp.Diff(test.want, Warnings(findings)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDenialListsEveryReasonOnItsOwnLine(t *testing.T) {
	t.Parallel()
	decision := engine.Decision{Findings: []engine.Finding{
		finding(policies.Deny, "partition-range", "spec.updateStrategy.rollingUpdate.partition", "99 is too much", "take less"),
		finding(policies.Deny, "image-tag", "spec.template.spec.containers[0].image", "latest", "name a version"),
		finding(policies.Warn, "orphan-delete", "metadata.name", "pods stay", "create it again"),
		finding(policies.Audit, "name-length", "metadata.name", "long", "choose a shorter one"),
	}}
	got, err := answer(decision)
	if err != nil {
		t.Fatal(err)
	}
	want := &metav1.Status{
		Status: metav1.StatusFailure,
		Code:   http.StatusForbidden,
		Reason: metav1.StatusReasonForbidden,
		Message: "[partition-range] spec.updateStrategy.rollingUpdate.partition: 99 is too much. Fix: take less.\n" +
			"[image-tag] spec.template.spec.containers[0].image: latest. Fix: name a version.",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{
			{Type: "partition-range", Field: "spec.updateStrategy.rollingUpdate.partition", Message: "99 is too much"},
			{Type: "image-tag", Field: "spec.template.spec.containers[0].image", Message: "latest"},
		}},
	}
	if diff := cmp.Diff(want, got.Result); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if got.Allowed {
		t.Error("it is allowed")
	}
}

// TestHandlerDeniesForAllReasons sends one request with two mistakes through the whole of it.
func TestHandlerDeniesForAllReasons(t *testing.T) {
	t.Parallel()
	body := altered(t, createReview, func(request map[string]any) {
		spec := at(t, request, "object", "spec")
		spec["updateStrategy"] = map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"partition": 99}}
		spec["serviceName"] = "other"
	})
	got := post(t, serve(t, newHandler(t, engine.ValidatingPhase)), contentType, body)
	want := []metav1.StatusCause{
		{Type: "headless-service", Field: "spec.serviceName", Message: `Service "other" does not exist in namespace default`},
		{
			Type: "partition-range", Field: "spec.updateStrategy.rollingUpdate.partition",
			Message: "99 is greater than replicas 2: no update would reach any pod",
		},
	}
	if diff := cmp.Diff(want, got.Result.Details.Causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	for index, line := range strings.Split(got.Result.Message, "\n") {
		if start := fmt.Sprintf("[%s] %s: %s", want[index].Type, want[index].Field, want[index].Message); !strings.HasPrefix(line, start) {
			t.Errorf("line %d is %q, want it to start with %q", index+1, line, start)
		}
	}
}

func TestAuditAnnotationsHoldAtMost10KiB(t *testing.T) {
	t.Parallel()
	type record struct {
		Rule, Level, Field  string
		Existing, Confirmed bool
	}
	tests := map[string]struct {
		count int
		want  int
	}{
		"one finding":        {count: 1, want: 1},
		"a hundred findings": {count: 100, want: 100},
		"as many as fit":     {count: 127, want: 127},
		"one more than fit":  {count: 128, want: 127},
		"100000 findings":    {count: 100_000, want: 127},
	}
	// 79 bytes and a comma: the 128th ends at byte 10241.
	one := finding(policies.Warn, "partition-range", strings.Repeat("名", 9), "w", "x")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := make([]engine.Finding, test.count)
			for index := range findings {
				findings[index] = one
			}
			encoded := recorded(findings)
			if len(encoded) > 10*1024 {
				t.Errorf("%d bytes", len(encoded))
			}
			var got []record
			if err := json.Unmarshal([]byte(encoded), &got); err != nil {
				t.Fatal(err)
			}
			if len(got) != test.want {
				t.Errorf("%d findings of %d are recorded, want %d", len(got), test.count, test.want)
			}
			if diff := cmp.Diff(record{Rule: "partition-range", Level: "warn", Field: one.Field}, got[0]); diff != "" {
				t.Errorf("first record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuditAnnotationsNameTheConfirmation(t *testing.T) {
	t.Parallel()
	by := func(username, reason string) engine.Finding {
		used := confirmed(finding(policies.Warn, "r", "f", "w", "x"))
		used.Confirmation = &engine.Confirmation{By: username, Until: "2026-11-23T12:10:00Z", Reason: reason}
		return used
	}
	unconfirmed := finding(policies.Warn, "r", "f", "w", "x")
	tests := map[string]struct {
		findings []engine.Finding
		want     string
	}{
		"no finding":        {findings: nil, want: ""},
		"no confirmation":   {findings: []engine.Finding{unconfirmed}, want: ""},
		"a confirmation":    {findings: []engine.Finding{unconfirmed, by("alice", "")}, want: `{"by":"alice","until":"2026-11-23T12:10:00Z"}`},
		"one with reason":   {findings: []engine.Finding{by("alice", "it moves")}, want: `{"by":"alice","until":"2026-11-23T12:10:00Z","reason":"it moves"}`},
		"the same twice":    {findings: []engine.Finding{by("alice", ""), by("alice", "")}, want: `{"by":"alice","until":"2026-11-23T12:10:00Z"}`},
		"a whole novel":     {findings: []engine.Finding{by("alice", strings.Repeat("名", 257))}, want: `{"by":"alice","until":"2026-11-23T12:10:00Z","reason":"` + strings.Repeat("名", 255) + `…"}`},
		"a name as a novel": {findings: []engine.Finding{by(strings.Repeat("a", 1000), "")}, want: `{"by":"` + strings.Repeat("a", 255) + `…","until":"2026-11-23T12:10:00Z"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := auditAnnotations(engine.Decision{Allowed: true, Findings: test.findings})["confirmation"]
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("annotation (-want +got):\n%s", diff)
			}
		})
	}
}

// at returns the object at a path of keys.
func at(t *testing.T, tree map[string]any, path ...string) map[string]any {
	t.Helper()
	for _, key := range path {
		next, ok := tree[key].(map[string]any)
		if !ok {
			t.Fatalf("%s is a %T", key, tree[key])
		}
		tree = next
	}
	return tree
}
