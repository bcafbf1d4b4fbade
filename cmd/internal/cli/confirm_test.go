package cli_test

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/cli"
)

func TestConfirmRejectsWhatCannotBeConfirmed(t *testing.T) {
	t.Parallel()
	const away = "--kubeconfig=testdata/away.kubeconfig"
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no object":         {[]string{"delete"}, cli.ExitUsage, "name an object and an operation, as in `stateward confirm sts/web delete`"},
		"nothing":           {nil, cli.ExitUsage, "accepts between 1 and 3 arg(s), received 0"},
		"no release":        {[]string{"release", "delete"}, cli.ExitUsage, "name one operation: delete, update or scale"},
		"two selections":    {[]string{"-l", "app=web", "-f", "a.yaml", "delete"}, cli.ExitUsage, "use one of -f, -k, -l and release"},
		"no labels":         {[]string{"-l", "a b", "delete", away}, cli.ExitUsage, "-l a b: "},
		"no such file":      {[]string{"-f", "testdata/none.yaml", "delete", away}, cli.ExitUsage, "testdata/none.yaml"},
		"no answer":         {[]string{"-f", "-", "delete"}, cli.ExitUsage, "where no answer can follow: add --yes"},
		"no such rule":      {[]string{"sts/web", "update", "--rules", "image-tag"}, cli.ExitUsage, "rule image-tag cannot be confirmed"},
		"only loss of data": {[]string{"pv/data", "update", away}, cli.ExitUsage, "name the rules to confirm, because these are about loss of data: --rules owner-reference,reclaim-policy"},
		"no such operation": {[]string{"release", "web", "restart"}, cli.ExitUsage, `unknown operation "restart"`},
		"no kind":           {[]string{"web", "delete"}, cli.ExitUsage, `"web" is not KIND/NAME, as in sts/web`},
		"no name":           {[]string{"sts/", "delete"}, cli.ExitUsage, `"sts/" is not KIND/NAME`},
		"too many names":    {[]string{"sts/default/web", "delete"}, cli.ExitUsage, `"sts/default/web" is not KIND/NAME`},
		"an unknown kind":   {[]string{"cronjob/web", "delete"}, cli.ExitUsage, `unknown kind "cronjob"`},
		"an unguarded kind": {[]string{"deployment/web", "delete"}, cli.ExitUsage, `unknown kind "deployment"`},
		"another group":     {[]string{"sts.kruise.io/web", "scale"}, cli.ExitUsage, `"scale" cannot be confirmed on a sts.kruise.io: use delete`},
		"an unknown operation": {[]string{"sts/web", "restart"}, cli.ExitUsage,
			`"restart" cannot be confirmed on a statefulset: use delete or scale or update`},
		"an operation of others": {[]string{"ns/data", "scale"}, cli.ExitUsage, `"scale" cannot be confirmed on a namespace: use delete`},
		"a custom resource": {[]string{"prometheus/k8s", "restart"}, cli.ExitUsage,
			`"restart" cannot be confirmed on a prometheuses.monitoring.coreos.com: use delete`},
		"a custom resource with its group": {[]string{"rabbitmqcluster.rabbitmq.com/rmq", "scale"}, cli.ExitUsage,
			`"scale" cannot be confirmed on a rabbitmqclusters.rabbitmq.com: use delete`},
		// As one of spec.parents: only the cluster knows it.
		"a custom resource of a team":   {[]string{"shops.example.com/web", "delete", away}, cli.ExitUsage, "error: list API groups: "},
		"a custom resource of no group": {[]string{"shops/k8s", "delete"}, cli.ExitUsage, `unknown kind "shops"`},
		"an operation in capitals":      {[]string{"sts/web", "DELETE"}, cli.ExitUsage, `"DELETE" cannot be confirmed`},
		"no time":                       {[]string{"sts/web", "delete", "--for", "0s"}, cli.ExitUsage, "--for 0s: use more than 0s and at most 1h0m0s"},
		"time gone by":                  {[]string{"sts/web", "delete", "--for=-5m"}, cli.ExitUsage, "--for -5m0s: "},
		"too much time":                 {[]string{"sts/web", "delete", "--for", "61m"}, cli.ExitUsage, "--for 1h1m0s: "},
		"a number of what":              {[]string{"sts/web", "delete", "--for", "10"}, cli.ExitUsage, `invalid argument "10" for "--for" flag`},
		"no kubeconfig":                 {[]string{"sts/web", "delete", "--kubeconfig", "testdata/none"}, cli.ExitUsage, "read kubeconfig: "},
		"no such context":               {[]string{"sts/web", "delete", away, "--context", "none"}, cli.ExitUsage, `context "none" does not exist`},
		"a cluster that is away":        {[]string{"sts/web", "delete", away}, cli.ExitInternal, "error: confirm delete: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"confirm"}, test.args...)...)
			if code != test.code || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, stdout %q, stderr %q, want %q", code, stdout, stderr, test.want)
			}
		})
	}
}

// TestConfirmUsesTheKindNamesOfKubectl gets as far as the cluster, which is away.
func TestConfirmUsesTheKindNamesOfKubectl(t *testing.T) {
	t.Parallel()
	for object, operations := range map[string][]string{
		"sts/web": {"delete", "scale", "update"}, "StatefulSet/web": {"delete"}, "statefulsets.apps/web": {"scale"},
		"svc/web": {"delete", "update"}, "services/web": {"delete"}, "pvc/web": {"delete"}, "persistentvolumeclaim/web": {"delete"},
		"ns/web": {"delete"}, "namespaces/web": {"delete"},
	} {
		for _, operation := range operations {
			t.Run(object+" "+operation, func(t *testing.T) {
				t.Parallel()
				_, stderr, code := run(t, "", "confirm", object, operation, "--kubeconfig", "testdata/away.kubeconfig")
				if code != cli.ExitInternal || !strings.Contains(stderr, "error: confirm "+operation+": ") {
					t.Errorf("exit code %d, stderr %q", code, stderr)
				}
			})
		}
	}
}

func TestProgramIsAPluginOfKubectlByItsName(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]string{
		"stateward":                        "stateward confirm",
		"/usr/local/bin/stateward":         "stateward confirm",
		"kubectl-stateward":                "kubectl stateward confirm",
		"/usr/local/bin/kubectl-stateward": "kubectl stateward confirm",
		"kubectl-stateward.exe":            "kubectl stateward confirm",
	} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			help, _, code := runAs(t, program, "", "confirm", "--help")
			if code != 0 || !strings.Contains(help, "\nUsage:\n  "+want+" (KIND/NAME | release NAME | -f FILE | -k FOLDER | -l LABELS) OPERATION [flags]\n") {
				t.Errorf("exit code %d:\n%s", code, help)
			}
			_, stderr, code := runAs(t, program, "", "confirm")
			if code != cli.ExitUsage || !strings.Contains(stderr, "see `"+want+" --help`") {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
}
