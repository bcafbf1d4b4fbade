package engine

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stateward/stateward/policies"
)

var update = flag.Bool("update", false, "write the generated files")

func TestBuiltInProgramIsCurrent(t *testing.T) {
	t.Parallel()
	library, err := policies.Load(policies.Files())
	if err != nil {
		t.Fatal(err)
	}
	compiler, err := compile(library)
	if err != nil {
		t.Fatal(err)
	}
	program, err := planned(t.Context(), library, compiler)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := program.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte(library.Revision()+"\n"), encoded...)
	if *update {
		if err := os.WriteFile("builtin.plan", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("builtin.plan")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("policies/engine/builtin.plan is not what the rules say: run `make generate`")
	}
}
