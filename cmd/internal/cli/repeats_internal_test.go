package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCondenseWritesEachKustomizeWarningOnce(t *testing.T) {
	t.Parallel()
	const bases, vars = "# Warning: 'bases' is deprecated.\n", "# Warning: 'vars' is deprecated.\n"
	var out strings.Builder
	condense(strings.NewReader(bases+"other\n"+vars+bases+"last"), &out)
	want := "other\nlastwarning: kustomize: 'bases' is deprecated. (2 times)\nwarning: kustomize: 'vars' is deprecated. (once)\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("standard error (-want +got):\n%s", diff)
	}
}
