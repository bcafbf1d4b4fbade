package cli_test

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
)

// ignoring is a set that image-tag denies, and that asks for something.
func ignoring(annotation string) string {
	return strings.NewReplacer(
		"name: web}\nspec", "name: web, annotations: {stateward.dev/ignore: "+annotation+"}}\nspec", "nginx:1.27.4", "nginx",
	).Replace(alone) + "---\n" + strings.Replace(headless, ", namespace: data", "", 1)
}

func TestCheckAppliesIgnoreAnnotations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		annotation   string
		allowed      bool
		code         int
		want, stderr string
	}{
		"counts where annotations may": {
			`"image-tag: the vendor says so"`, true, cli.ExitClean, "     ignored by its manifest: the vendor says so\n", "",
		},
		"is told and does not count elsewhere": {
			`"image-tag: the vendor says so"`, false, cli.ExitViolations,
			"     its manifest asks to ignore this, which counts only with --allow-annotations: the vendor says so\n", "",
		},
		"is told where there is nothing to ignore": {
			`"image-tag: so; quorum: old"`, true, cli.ExitClean, ": [quorum] finds nothing that its manifest could ignore: old\n", "",
		},
		"is counted":            {`"image-tag: so"`, true, cli.ExitClean, ": 0 denied, 0 warnings, 1 ignored by manifests\n", ""},
		"may stand in lines":    {`"quorum: old\nimage-tag: so"`, true, cli.ExitClean, "ignored by its manifest: so\n", ""},
		"needs a rule":          {`"image-tagg: so"`, true, cli.ExitUsage, "", `metadata.annotations["stateward.dev/ignore"]: unknown rule "image-tagg"`},
		"needs a reason":        {`"image-tag"`, true, cli.ExitUsage, "", `"image-tag" comes without a reason: write "image-tag: reason"`},
		"is wrong without too":  {`"image-tag:"`, false, cli.ExitUsage, "", `"image-tag" comes without a reason`},
		"is about its own rule": {`"quorum: old"`, true, cli.ExitViolations, "[image-tag]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := []string{"check", "-"}
			if test.allowed {
				arguments = append(arguments, "--allow-annotations")
			}
			stdout, stderr, code := run(t, ignoring(test.annotation), arguments...)
			if code != test.code || !strings.Contains(stdout, test.want) || !strings.Contains(stderr, test.stderr) {
				t.Errorf("exit code %d, stdout %s, stderr %s", code, stdout, stderr)
			}
		})
	}
}
