package snapshots_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stateward/stateward/test/automation"
)

// decisionLog is the log of all requests that the API server sends to Stateward.
type decisionLog struct{ folder string }

// decision is a line of the log. Lines about Guardrails have no user.
type decision struct {
	Input struct {
		Request struct {
			Name, Operation string
			Resource        struct{ Resource string }
			UserInfo        struct{ Username string }
		}
	}
	Result struct {
		Allowed  bool
		Warnings []string
	}
	Error string
}

func (d decisionLog) file() string { return filepath.Join(d.folder, "decisions.jsonl") }

func (d decisionLog) arguments() []string { return []string{"--decision-log", d.file()} }

// allows wants at least so many requests of a user, and each allowed without a warning.
func (d decisionLog) allows(t *testing.T, user string, least int) {
	t.Helper()
	content, err := os.ReadFile(d.file())
	automation.Must(t, err)
	requests := 0
	for line := range bytes.Lines(content) {
		var made decision
		automation.Must(t, json.Unmarshal(line, &made))
		if made.Input.Request.UserInfo.Username != user {
			continue
		}
		requests++
		if !made.Result.Allowed || len(made.Result.Warnings) > 0 || made.Error != "" {
			t.Errorf("%s is not allowed without a warning: %+v", user, made)
		}
	}
	t.Logf("%d requests of %s reached the webhook", requests, user)
	if requests < least {
		t.Errorf("%d requests of %s reached the webhook: want %d and more", requests, user, least)
	}
}
