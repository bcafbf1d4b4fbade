package generate_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stateward/stateward/cmd/internal/cli"
)

// TestGracePeriodCoversTheShutdown has 20 seconds for what comes after the timeout: the last answers and the
// end of the caches.
func TestGracePeriodCoversTheShutdown(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	if err := cli.Run(t.Context(), []string{"stateward", "serve", "--help"}, cli.Streams{In: strings.NewReader(""), Out: &help, Err: &help}); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`--shutdown-timeout .*\(default (\S+)\)`).FindStringSubmatch(help.String())
	if found == nil {
		t.Fatalf("no default of --shutdown-timeout in:\n%s", &help)
	}
	timeout, err := time.ParseDuration(found[1])
	if err != nil {
		t.Fatal(err)
	}
	for name, documents := range installs(t) {
		pod := only[appsv1.Deployment](t, documents, "Deployment").Spec.Template.Spec
		if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace < timeout+20*time.Second {
			t.Errorf("%s: terminationGracePeriodSeconds is %s, want at least %s and 20s", name, grace, timeout)
		}
	}
}
