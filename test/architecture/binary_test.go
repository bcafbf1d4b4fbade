package architecture_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lookups are the functions that look up a method by a name that is not constant, in the words of the linker.
var lookups = regexp.MustCompile(`(?m)^(\S+) <ReflectMethod>`)

// TestBinaryKeepsNoUnusedMethods fails where the program begins to look up methods by name, as text/template and html/template
// do: then the linker keeps all methods of all types, 14 MB of file and 10 MB of memory. -dumpdep prints what leads there: an
// interface that holds a type is enough. Source: cmd/link/internal/ld/deadcode.go.
func TestBinaryKeepsNoUnusedMethods(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-dumpdep", "-o", t.TempDir(), "./cmd/stateward")
	command.Dir, command.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, printed[max(0, len(printed)-2000):])
	}
	found := []string{}
	for _, match := range lookups.FindAllSubmatch(printed, -1) {
		found = append(found, string(match[1]))
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{}, slices.Compact(found)); diff != "" {
		t.Errorf("functions that look up methods by name (-want +got):\n%s", diff)
	}
}
