package browser_test

import (
	"path/filepath"
	"testing"
)

// TestReplayPageOpens opens the page of `stateward replay -o html`, as a test of the command holds it, without a network.
func TestReplayPageOpens(t *testing.T) {
	browser := start(t)
	file, err := filepath.Abs("../../cmd/internal/cli/testdata/golden/replay.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) { draws(browser, t, file, scheme, nil) })
	}
	t.Run("print", func(t *testing.T) { prints(browser, t, file) })
	t.Run("without script", func(t *testing.T) {
		reads(browser, t, file, []string{"of 14 requests, 1 would be denied now, by 1 rule, in 1 namespace", "by namespace", "canary-first"})
	})
}
