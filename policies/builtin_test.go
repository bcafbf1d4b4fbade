package policies_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
)

var update = flag.Bool("update", false, "write the generated files")

func TestBuiltInCatalogueIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := policies.Catalogue(policies.Files())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("builtin.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("builtin.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("policies/builtin.json is not what the rules say: run `make generate`")
	}
}

func TestCatalogueLibraryEqualsTheFiles(t *testing.T) {
	t.Parallel()
	want, err := policies.Load(policies.Files())
	if err != nil {
		t.Fatal(err)
	}
	got := builders.Library(t)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(policies.Library{})); diff != "" {
		t.Errorf("library (-parsed +stored):\n%s", diff)
	}
	if want.Revision() != got.Revision() {
		t.Errorf("revision %s, that of the files is %s", got.Revision(), want.Revision())
	}
	wantModules, err := want.Modules()
	if err != nil {
		t.Fatal(err)
	}
	gotModules, err := got.Modules()
	if err != nil {
		t.Fatal(err)
	}
	if len(wantModules) != len(gotModules) {
		t.Errorf("%d modules, of the files %d", len(gotModules), len(wantModules))
	}
	for name, module := range wantModules {
		if !module.Equal(gotModules[name]) {
			t.Errorf("%s is another module", name)
		}
	}
}
