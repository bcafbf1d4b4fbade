// Package ci_test runs what manifests/ci gives to CI servers, as far as it runs without them.
package ci_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/environment"
)

// good is fine, bad is not.
const (
	good = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}\n"
	bad  = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  serviceName: none\n  selector: {matchLabels: {app: web}}\n" +
		"  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: nginx:1.27.4}]}\n"
)

// project is a repository with a manifest that is fine, committed, and then one that is not.
type project struct{ root, folder, bin string }

func newProject(t *testing.T) project {
	t.Helper()
	root, binary := environment.BinaryForTest(t)
	p := project{root: root, folder: t.TempDir(), bin: filepath.Dir(binary)}
	p.write(t, "manifests/service.yaml", good)
	for _, line := range []string{
		"git init --quiet --initial-branch main", "git add .",
		"git -c user.name=alice -c user.email=alice@example.com commit --quiet --message first",
	} {
		if output, code := p.run(t, nil, "sh", "-c", line); code != 0 {
			t.Fatalf("%s: %s", line, output)
		}
	}
	return p
}

func (p project) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(p.folder, filepath.Dir(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a program in the project, with stateward in the path.
func (p project) run(t *testing.T, env []string, program string, arguments ...string) (output string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = p.folder
	command.Env = append(append(os.Environ(), "PATH="+p.bin+":"+os.Getenv("PATH"), "GIT_CONFIG_GLOBAL=/dev/null"), env...)
	return environment.Output(t, command)
}

// read decodes a file of the repository.
func (p project) read(t *testing.T, name string, into any) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(p.root, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(source, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// holds wants a run to pass while all is fine, and to fail with these words when something is not.
func (p project) holds(t *testing.T, words string, run func() (output string, code int)) {
	t.Helper()
	if output, code := run(); code != 0 {
		t.Errorf("exit code %d while all is fine: %s", code, output)
	}
	p.write(t, "manifests/web.yaml", bad)
	if output, code := run(); code == 0 || !strings.Contains(output, words) {
		t.Errorf("exit code %d, no %q in %s", code, words, output)
	}
}

func TestGitHubActionAnnotates(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Steps []struct {
				Name, Run string
				Env       map[string]string
			}
		}
	}
	p.read(t, "manifests/ci/action.yml", &action)
	step := action.Runs.Steps[len(action.Runs.Steps)-1]
	input := regexp.MustCompile(`^\$\{\{ inputs\.([a-z-]+) \}\}$`)
	for name, given := range map[string]map[string]string{
		"all":               {},
		"what changes":      {"baseline": "main", "sarif": "out.sarif"},
		"folders by spaces": {"path": "more manifests"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			var env []string
			for variable, expression := range step.Env {
				key := input.FindStringSubmatch(expression)
				if key == nil {
					t.Fatalf("%s is no input", expression)
				}
				value, set := given[key[1]]
				if !set {
					value = action.Inputs[key[1]].Default
				}
				env = append(env, variable+"="+value)
			}
			p.write(t, "more/other.yaml", strings.ReplaceAll(good, "web", "other"))
			p.holds(t, "::error file=manifests/web.yaml,line=5,col=3,title=headless-service::", func() (string, int) {
				return p.run(t, env, "bash", "-eo", "pipefail", "-c", step.Run)
			})
			if given["sarif"] != "" {
				if _, err := os.Stat(filepath.Join(p.folder, given["sarif"])); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestGitLabJobReports(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{"all": nil, "what changes": {"CI_MERGE_REQUEST_DIFF_BASE_SHA=main"}} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			var jobs struct {
				Stateward struct {
					Variables map[string]string
					Script    []string
					Artifacts struct{ Reports map[string]string }
				}
			}
			p.read(t, "manifests/ci/gitlab.yml", &jobs)
			p.holds(t, "[headless-service]", func() (string, int) {
				return p.run(t, append(env, "MANIFESTS="+jobs.Stateward.Variables["MANIFESTS"]), "sh", "-ec", strings.Join(jobs.Stateward.Script, "\n"))
			})
			for _, report := range jobs.Stateward.Artifacts.Reports {
				if content, err := os.ReadFile(filepath.Join(p.folder, report)); err != nil || !bytes.Contains(content, []byte("headless-service")) {
					t.Errorf("%s: %v\n%s", report, err, content)
				}
			}
		})
	}
}

func TestTektonTaskCounts(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	var task struct {
		Spec struct{ Steps []struct{ Script string } }
	}
	p.read(t, "manifests/ci/tekton.yaml", &task)
	denied := filepath.Join(t.TempDir(), "denied")
	script := strings.TrimPrefix(task.Spec.Steps[0].Script, "#!/bin/sh\n")
	p.holds(t, "[headless-service]", func() (string, int) {
		return p.run(t, []string{"CHECK_PATH=manifests", "DENIED=" + denied}, "sh", "-c", script)
	})
	if count, err := os.ReadFile(denied); err != nil || string(count) != "1" {
		t.Errorf("denied %q: %v", count, err)
	}
}

func TestMakefileChecks(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string][]string{"all": nil, "what changes": {"BASELINE=main"}} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			p.holds(t, "[headless-service]", func() (string, int) {
				return p.run(t, nil, "make", append([]string{"-f", filepath.Join(p.root, "manifests/ci/stateward.mk"), "stateward", "STATEWARD=stateward"}, arguments...)...)
			})
		})
	}
}

func TestPreCommitHooksRun(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	var hooks []struct {
		ID, Entry string
		Args      []string
	}
	p.read(t, ".pre-commit-hooks.yaml", &hooks)
	entries := map[string]string{}
	for _, hook := range hooks {
		entries[hook.ID] = strings.Join(append([]string{hook.Entry}, hook.Args...), " ")
	}
	p.holds(t, "[headless-service]", func() (string, int) { return p.run(t, nil, "sh", "-c", entries["stateward-check"]) })
	if output, code := p.run(t, nil, "sh", "-c", "stateward rules new owner-label && "+entries["stateward-rules-test"]); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
}

func TestKrewTemplateRendersToYAML(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	source, err := os.ReadFile(filepath.Join(p.root, ".krew.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	filled := regexp.MustCompile(`(?m)^( +)\{\{ addURIAndSha .*$`).ReplaceAll(source, []byte("${1}uri: https://example.com/a.tar.gz\n${1}sha256: \"0\""))
	filled = bytes.ReplaceAll(filled, []byte("{{ .TagName }}"), []byte("v0.1.0"))
	var plugin struct {
		Metadata struct{ Name string }
		Spec     struct {
			Version   string
			Platforms []struct{ URI, Sha256, Bin string }
		}
	}
	if err := yaml.Unmarshal(filled, &plugin); err != nil {
		t.Fatal(err)
	}
	if plugin.Metadata.Name != "stateward" || plugin.Spec.Version != "v0.1.0" || len(plugin.Spec.Platforms) != 6 {
		t.Errorf("got %+v", plugin)
	}
	for _, platform := range plugin.Spec.Platforms {
		if !strings.HasPrefix(platform.Bin, "kubectl-stateward") || platform.Sha256 == "" {
			t.Errorf("got %+v", platform)
		}
	}
}
