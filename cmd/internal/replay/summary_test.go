package replay

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/decisions"
	"github.com/stateward/stateward/webhook/decisionlog"
)

func TestVerifyFailsIfNothingCanBeVerified(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		summary Summary
		says    string
		fails   bool
	}{
		"no decision":          {Summary{}, "of 0 decisions, none can be verified", false},
		"only masked ones":     {Summary{Requests: 2, Classes: map[Class]*Group{Masked: {Count: 2}}}, "of 2 decisions, none can be verified", true},
		"a shard of them":      {Summary{Requests: 2, Classes: map[Class]*Group{Masked: {Count: 2}}, Shard: &Shard{Count: 2}}, "of 2 decisions, none can be verified", false},
		"one that is the same": {Summary{Requests: 2, Classes: map[Class]*Group{Masked: {Count: 1}, Same: {Count: 1}}}, "of 1 decision, 1 are the same byte for byte: 100 %", false},
	} {
		test.summary.Verify = true
		if got := test.summary.Headline(); got != test.says || test.summary.Fails() != test.fails {
			t.Errorf("%s: %q, fails %t", name, got, test.summary.Fails())
		}
	}
}

func TestDenialsOfMaskedFieldsAloneAreMasked(t *testing.T) {
	t.Parallel()
	record := &decisionlog.Record{}
	record.Masked = []string{"/input/request/object/spec/a", "/input/request/oldObject/spec/b"}
	about := func(field string) engine.Finding {
		return engine.Finding{Rule: field, Level: policies.Deny, Path: []any{"spec", field}}
	}
	for name, test := range map[string]struct {
		denials []engine.Finding
		want    Class
	}{
		"a masked field":       {[]engine.Finding{about("a")}, Masked},
		"a masked old field":   {[]engine.Finding{about("b")}, Masked},
		"a field beside them":  {[]engine.Finding{about("a"), about("c")}, Denied},
		"no field that is one": {nil, Denied},
	} {
		if got := deniedOrMasked(record, test.denials); got.class != test.want {
			t.Errorf("%s: %s", name, got.class)
		}
	}
}

func TestReplayPagesHoldWhatNamesHoldAsText(t *testing.T) {
	t.Parallel()
	odd := "<b>`\u202e\x1b"
	summary := Summary{
		Requests: 1, Classes: map[Class]*Group{Denied: {Count: 1, Users: map[string]int{odd: 1}, Examples: []Example{{File: odd, Line: 7, User: odd, Details: []string{odd}}}}},
		Problems: []Problem{{File: odd, Line: 8, Text: odd}}, Damaged: 1,
	}
	for name, render := range map[string]func(io.Writer) error{"text": summary.Text, "markdown": summary.Markdown, "html": summary.HTML} {
		var page bytes.Buffer
		if err := render(&page); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(page.String(), "\u202e\x1b") || name == "html" && strings.Contains(page.String(), "<b>") {
			t.Errorf("%s:\n%s", name, &page)
		}
		for _, want := range []string{":7", ":8", "1 would be denied now"} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("%s has no %q:\n%s", name, want, &page)
			}
		}
	}
}

// TestRequestsOfBothWebhooksCountOnce replays a log in which both webhooks were asked about every request.
func TestRequestsOfBothWebhooksCountOnce(t *testing.T) {
	t.Parallel()
	log := decisions.Log(t, all)
	mutating := bytes.ReplaceAll(log, []byte(`"path":"validate"`), []byte(`"path":"mutate"`))
	summary := replay(t, slices.Concat(log, mutating), Options{})
	const want = "14 decisions of the mutating webhook evaluated too, about the same requests"
	if !strings.HasPrefix(summary.Headline(), "of 14 requests, ") || summary.Requests != 28 || !slices.Contains(summary.notes(), want) {
		t.Errorf("%s: %d decisions, %q", summary.Headline(), summary.Requests, summary.notes())
	}
}

func TestLogThatLeavesRequestsOutIsReported(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]bool{
		all: false, `{"decisionLog":{"mode":"Denied"}}`: true, `{"decisionLog":{"mode":"All","allowedPercent":10}}`: true,
	} {
		summary := replay(t, decisions.Log(t, spec), Options{})
		reported := slices.ContainsFunc(summary.notes(), func(note string) bool { return strings.HasPrefix(note, "the log does not hold all requests") })
		if reported != want {
			t.Errorf("%s: %q", spec, summary.notes())
		}
	}
}
