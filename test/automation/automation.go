// Package automation puts real programs of other projects behind Stateward: each runs as a process under its own service
// account, with the rights that its project ships.
package automation

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

const (
	// patience is far beyond what anything here takes on an idle machine.
	patience = 3 * time.Minute
	interval = 200 * time.Millisecond
)

// Cluster is a guarded control plane with the default rules, and a test of it.
type Cluster struct{ *environment.Environment }

// ForTest starts a cluster that is stopped when the test ends.
func ForTest(t *testing.T) Cluster {
	t.Helper()
	return ForTestWith(t, environment.Options{})
}

// ForTestWith is ForTest of another environment than the usual one.
func ForTestWith(t *testing.T, options environment.Options) Cluster {
	t.Helper()
	return Cluster{environment.ForTestWith(t, options)}
}

// Account is a service account.
type Account struct{ Namespace, Name string }

// User is how the API server sees the account.
func (a Account) User() string { return "system:serviceaccount:" + a.Namespace + ":" + a.Name }

// Kubeconfig returns the path of a kubeconfig that authenticates as the account.
func (c Cluster) Kubeconfig(t *testing.T, account Account) string {
	t.Helper()
	groups := []string{"system:serviceaccounts", "system:serviceaccounts:" + account.Namespace, "system:authenticated"}
	path, err := c.KubeconfigFor(account.Namespace+"-"+account.Name, account.User(), groups...)
	Must(t, err)
	return path
}

// Program is a program of another project.
type Program struct {
	// Tool is what test/cluster calls the program.
	Tool    string
	Account Account
	// Arguments follow the program's name; see credentials for what is replaced in them. Variables, as NAME=VALUE,
	// join the environment.
	Arguments, Variables []string
}

// Run starts a program, which is stopped with the cluster.
func (c Cluster) Run(t *testing.T, program Program) *cluster.Process {
	t.Helper()
	folder, kubeconfig := t.TempDir(), c.Kubeconfig(t, program.Account)
	replacer := credentials(t, folder, kubeconfig)
	command := exec.Command(Binary(t, program.Tool))
	for _, argument := range program.Arguments {
		command.Args = append(command.Args, replacer.Replace(argument))
	}
	command.Dir = folder
	command.Env = append([]string{"HOME=" + folder, "TMPDIR=" + folder, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + kubeconfig}, program.Variables...)
	process, err := c.AddProcess(program.Tool, command)
	Must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", program.Tool, tail(t, process.LogPath()))
		}
	})
	return process
}

// credentials writes those of a kubeconfig into files, and replaces {kubeconfig}, {server}, {authority}, {certificate} and
// {key}: not all programs read a kubeconfig.
func credentials(t *testing.T, folder, kubeconfig string) *strings.Replacer {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	Must(t, err)
	return strings.NewReplacer(
		"{kubeconfig}", kubeconfig, "{server}", config.Host,
		"{authority}", Write(t, folder, "ca.crt", string(config.CAData)),
		"{certificate}", Write(t, folder, "client.crt", string(config.CertData)),
		"{key}", Write(t, folder, "client.key", string(config.KeyData)),
	)
}

// Binary returns the path of a program, which `go run ./test/cluster/build` has built.
func Binary(t *testing.T, tool string) string {
	t.Helper()
	binaries, err := cluster.Built(t.Context(), tool)
	Must(t, err)
	return binaries[tool]
}

// Module returns the folder of a module that the tool's go.mod requires: there are its CustomResourceDefinitions and roles.
func Module(t *testing.T, tool, module string) string {
	t.Helper()
	folder, err := cluster.ModuleFolder(t.Context(), tool, module)
	Must(t, err)
	return folder
}

// Try runs kubectl as the administrator and returns both of its streams as one, and its exit code.
func (c Cluster) Try(t *testing.T, stdin string, arguments ...string) (output string, code int) {
	t.Helper()
	result, err := c.KubectlWithInput(t.Context(), strings.NewReader(stdin), arguments...)
	Must(t, err)
	return result.Stdout + result.Stderr, result.ExitCode
}

// Do is Try of what must succeed.
func (c Cluster) Do(t *testing.T, stdin string, arguments ...string) string {
	t.Helper()
	output, code := c.Try(t, stdin, arguments...)
	if code != 0 {
		t.Fatalf("kubectl %s: exit code %d: %s", strings.Join(arguments, " "), code, output)
	}
	return output
}

// Refused wants the command to be denied with all of the words.
func (c Cluster) Refused(t *testing.T, words []string, arguments ...string) {
	t.Helper()
	output, code := c.Try(t, "", arguments...)
	if code == 0 {
		t.Fatalf("kubectl %s succeeded: %s", strings.Join(arguments, " "), output)
	}
	Contains(t, output, words...)
}

// Stateward runs the command line as a person who may do everything.
func (c Cluster) Stateward(t *testing.T, user string, arguments ...string) string {
	t.Helper()
	kubeconfig, err := c.KubeconfigFor(user, user, "system:masters")
	Must(t, err)
	output, code := stateward(t, kubeconfig, arguments...)
	if code != 0 {
		t.Fatalf("stateward %s: exit code %d: %s", strings.Join(arguments, " "), code, output)
	}
	return output
}

// Eventually waits until the check returns no text; the text says what is missing.
func Eventually(t *testing.T, what string, check func(context.Context) string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := check(t.Context())
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %s", what, patience, missing)
		}
		time.Sleep(interval)
	}
}

// Becomes waits until the namespace is in this state.
func (c Cluster) Becomes(t *testing.T, namespace string, want ...string) {
	t.Helper()
	Eventually(t, "the state of namespace "+namespace, func(context.Context) string {
		return cmp.Diff(want, c.State(t, namespace))
	})
}

// Is wants the namespace to be in this state now.
func (c Cluster) Is(t *testing.T, namespace string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, c.State(t, namespace)); diff != "" {
		t.Fatalf("the state of namespace %s (-want +got):\n%s", namespace, diff)
	}
}

// Contains wants all of the words in a text.
func Contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("no %q in\n%s", word, text)
		}
	}
}

// Must ends a test that cannot go on.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Write puts a file into a folder and returns its path.
func Write(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	Must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// Define creates the CustomResourceDefinitions of a folder or of files, and waits until they are served.
func (c Cluster) Define(t *testing.T, files string) {
	t.Helper()
	c.Do(t, "", "create", "-f", files)
	c.Do(t, "", "wait", "--for=condition=Established", "crd", "--all", "--timeout=120s")
}

// Logs waits until a program has logged all of the words.
func (c Cluster) Logs(t *testing.T, tool string, words ...string) {
	t.Helper()
	Eventually(t, "the log of "+tool, func(context.Context) string {
		log, err := os.ReadFile(c.Process(tool).LogPath())
		Must(t, err)
		for _, word := range words {
			if !strings.Contains(string(log), word) {
				return "no " + word
			}
		}
		return ""
	})
}

// Audit returns the findings of `stateward audit`.
func (c Cluster) Audit(t *testing.T) string {
	t.Helper()
	output, code := stateward(t, c.Environment.Kubeconfig(), "audit")
	if code > 1 {
		t.Fatalf("stateward audit: exit code %d: %s", code, output)
	}
	return output
}

func stateward(t *testing.T, kubeconfig string, arguments ...string) (output string, code int) {
	t.Helper()
	_, binary := environment.BinaryForTest(t)
	return environment.Output(t, exec.CommandContext(t.Context(), binary, append(arguments, "--kubeconfig", kubeconfig)...))
}
