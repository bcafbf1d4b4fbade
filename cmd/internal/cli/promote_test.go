package cli_test

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
)

func TestPromoteRejectsOtherKinds(t *testing.T) {
	t.Parallel()
	const away = "--kubeconfig=testdata/away.kubeconfig"
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":                {nil, cli.ExitUsage, "accepts 1 arg(s), received 0"},
		"no kind":                {[]string{"web"}, cli.ExitUsage, `"web" is not sts/NAME`},
		"no name":                {[]string{"sts/"}, cli.ExitUsage, `"sts/" is not sts/NAME`},
		"a namespace":            {[]string{"sts/default/web"}, cli.ExitUsage, `"sts/default/web" is not sts/NAME`},
		"another kind":           {[]string{"pod/web-0"}, cli.ExitUsage, `"pod/web-0" is not a StatefulSet`},
		"an unknown kind":        {[]string{"deployment/web"}, cli.ExitUsage, `"deployment/web" is not a StatefulSet`},
		"no number":              {[]string{"sts/web", "--to", "all"}, cli.ExitUsage, `invalid argument "all" for "--to" flag`},
		"no kubeconfig":          {[]string{"sts/web", "--kubeconfig", "testdata/none"}, cli.ExitUsage, "read kubeconfig: "},
		"a cluster that is away": {[]string{"statefulset/web", away}, cli.ExitInternal, "error: promote: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"promote"}, test.args...)...)
			if code != test.code || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q, want %q", code, stdout, stderr, test.want)
			}
		})
	}
}
