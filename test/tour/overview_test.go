package tour

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write overview.txt")

func TestOverviewMatchesTheSteps(t *testing.T) {
	const file = "overview.txt"
	if *update {
		if err := os.WriteFile(file, []byte(Overview()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Overview(), string(stored)); diff != "" {
		t.Errorf("%s is stale: run `make generate` (-want +got):\n%s", file, diff)
	}
}
