package automation

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Paste runs the command that a denial prints for an object, such as "statefulset db", as a person does who reads it.
func (c Cluster) Paste(t *testing.T, denial, object string) {
	t.Helper()
	command := regexp.MustCompile(`kubectl annotate ` + object + ` [^"\n]*?stateward\.dev/confirm-for=\w+`).FindString(denial)
	if command == "" {
		t.Fatalf("no command to confirm in %s", denial)
	}
	c.Do(t, "", strings.Fields(command)[1:]...)
}

// Confirmed wants the marks of a confirmation by the administrator on an object.
func (c Cluster) Confirmed(t *testing.T, namespace, object string) {
	t.Helper()
	var annotations map[string]string
	Must(t, json.Unmarshal([]byte(c.Do(t, "", "get", object, "-n", namespace, "-o", "jsonpath={.metadata.annotations}")), &annotations))
	if annotations["stateward.dev/confirm"] != "delete" || annotations["stateward.dev/confirmed-by"] != "admin" {
		t.Fatalf("%s is not confirmed: annotations %v", object, annotations)
	}
}

// Gone waits until the namespace has only claims left.
func (c Cluster) Gone(t *testing.T, namespace string) {
	t.Helper()
	c.without(t, namespace, "only claims are left", func(line string) bool { return !strings.HasPrefix(line, "PersistentVolumeClaim ") })
}

// GoesWithOwner waits until the namespace has no StatefulSet.
func (c Cluster) GoesWithOwner(t *testing.T, namespace string) {
	t.Helper()
	c.without(t, namespace, "the set goes with its owner", func(line string) bool { return strings.HasPrefix(line, "StatefulSet") })
}

// without waits until no line of the namespace's state is one of these.
func (c Cluster) without(t *testing.T, namespace, what string, goes func(line string) bool) {
	t.Helper()
	Eventually(t, what, func(context.Context) string {
		state := c.State(t, namespace)
		if left := slices.IndexFunc(state, goes); left >= 0 {
			return state[left]
		}
		return ""
	})
}
