package helm_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/automation"
)

// TestHelmLeavesManagedWebhooks has the registration in a release, in either way in which Helm applies, and lets Stateward add
// to it.
func TestHelmLeavesManagedWebhooks(t *testing.T) {
	for name, serverSide := range map[string]bool{"applies on the server": true, "merges three ways": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHelm(t, automation.ForTest(t))
			h.kubeconfig = h.Environment.Kubeconfig()
			noted := strings.ReplaceAll(h.Registration(t), "\nmetadata:\n", "\nmetadata:\n  annotations: {note: \"{{ .Values.note }}\"}\n")
			automation.Write(t, h.chart, filepath.Join("templates", "db.yaml"), noted)
			release := 0
			upgrade := func(arguments ...string) {
				release++
				output, code := h.run(t, append([]string{
					"upgrade", "--install", "shop", h.chart, "--set", fmt.Sprintf("note=n%d", release),
					"--take-ownership", fmt.Sprintf("--server-side=%v", serverSide),
				}, arguments...)...)
				if code != 0 {
					t.Fatalf("helm upgrade: exit code %d: %s", code, output)
				}
			}
			upgrade()
			h.Manage(t)
			// What another program has changed, Helm overwrites only if it is told to.
			h.StaysManaged(t, 3, func() { upgrade() }, func() { upgrade(fmt.Sprintf("--force-conflicts=%v", serverSide)) })
		})
	}
}
