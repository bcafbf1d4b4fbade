package replay

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
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
