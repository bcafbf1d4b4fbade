package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/cli"
)

// tree is the manifests of a repository by their names.
type tree map[string]string

// database is a StatefulSet with its Service and its budget, with which nothing is wrong.
func database(t *testing.T) tree {
	t.Helper()
	files := tree{}
	for _, name := range []string{"budget.yaml", "db.yaml", "service.yaml"} {
		content, err := os.ReadFile(filepath.Join("testdata", "changes", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	return files
}

// edit replaces texts, which must be there, in one file.
func (files tree) edit(t *testing.T, name string, oldnew ...string) {
	t.Helper()
	for index := 0; index < len(oldnew); index += 2 {
		if !strings.Contains(files[name], oldnew[index]) {
			t.Fatalf("%s has no %q", name, oldnew[index])
		}
	}
	files[name] = strings.NewReplacer(oldnew...).Replace(files[name])
}

func (files tree) write(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// commit makes a repository with one commit of the files in its folder deploy, and returns that folder.
func (files tree) commit(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "deploy")
	files.write(t, folder)
	for _, arguments := range [][]string{
		{"init", "--quiet", "--initial-branch=main", ".."}, {"add", "--all"}, {"commit", "--quiet", "--message=one"},
	} {
		command := exec.CommandContext(t.Context(), "git", arguments...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", arguments, err, output)
		}
	}
	return folder
}

// replace puts other files into a folder.
func (files tree) replace(t *testing.T, folder string) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	files.write(t, folder)
}

// found is what a check of changes reports, findings as "level rule file:line".
type found struct {
	Findings []string
	Changes  string
	Code     int
}

func compare(t *testing.T, folder, baseline string, args ...string) found {
	t.Helper()
	stdout, stderr, code := run(t, "", append([]string{"check", "-o", "json", "--baseline", baseline, folder}, args...)...)
	if stderr != "" {
		t.Errorf("stderr %q", stderr)
	}
	var page struct {
		Summary struct {
			Changes struct{ Changed, New, Removed, Unchanged, Standing int }
		}
		Findings []struct {
			Level, Rule, File, Revision string
			Line                        int
		}
	}
	if err := json.Unmarshal([]byte(stdout), &page); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	counted := page.Summary.Changes
	got := found{Code: code, Changes: fmt.Sprintf("%d changed, %d new, %d removed, %d unchanged, %d standing",
		counted.Changed, counted.New, counted.Removed, counted.Unchanged, counted.Standing)}
	for _, finding := range page.Findings {
		file := strings.TrimPrefix(finding.File, folder+"/")
		if finding.Revision != "" {
			file = finding.Revision + ":" + file
		}
		got.Findings = append(got.Findings, fmt.Sprintf("%s %s %s:%d", finding.Level, finding.Rule, file, finding.Line))
	}
	return got
}

func TestChangesMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	before, after := database(t), database(t)
	after.edit(t, "db.yaml", "postgres:16.4", "postgres:17.0", "20Gi", "10Gi")
	before["queue.yaml"] = strings.NewReplacer("name: db", "name: queue", "app: db", "app: queue").Replace(before["db.yaml"])
	folder := before.commit(t)
	after.replace(t, folder)
	for name, args := range map[string][]string{"changes.txt": nil, "changes.json": {"-o", "json"}} {
		stdout, stderr, code := run(t, "", append([]string{"check", "--baseline", "main", folder}, args...)...)
		if code != cli.ExitViolations || stderr != "" {
			t.Errorf("exit code %d, stderr %q", code, stderr)
		}
		golden(t, name, strings.ReplaceAll(stdout, folder, "deploy"))
	}
}

func TestBaselineNotesSkippedFilesOnStandardError(t *testing.T) {
	t.Parallel()
	files := database(t)
	folder := files.commit(t)
	files["\x1b[31m.yaml"] = files["db.yaml"]
	delete(files, "db.yaml")
	files.replace(t, folder)
	if err := os.Symlink("service.yaml", filepath.Join(folder, "link\x1b.yaml")); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "", "check", "--baseline", "main", folder)
	want := "note: " + folder + "/link\ufffd.yaml: a symbolic link is not followed where changes are judged: name what it leads to\n"
	if diff := cmp.Diff(want, stderr); diff != "" || code != cli.ExitClean {
		t.Errorf("exit code %d, stderr (-want +got):\n%s", code, diff)
	}
}

func TestBaselineThatCannotBeReadIsBadUsage(t *testing.T) {
	t.Parallel()
	folder := database(t).commit(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a variable that is not set": {
			args: []string{"--baseline", "", folder}, want: "error: --baseline is empty: name a git revision or a folder",
		},
		"an option": {
			args: []string{"--baseline=--output=x", folder},
			want: `error: --baseline "--output=x" is neither a revision nor a folder: name a branch, a tag or a commit`,
		},
		"standard input": {
			args: []string{"--baseline", "main", "-"},
			want: `error: standard input has no version at revision "main": give files, or a folder as --baseline`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, "", append([]string{"check"}, test.args...)...)
			if stdout != "" || stderr != test.want || code != cli.ExitUsage {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestChangeThatCannotBeEvaluatedIsAnError(t *testing.T) {
	t.Parallel()
	before, after := database(t), database(t)
	after.edit(t, "db.yaml", "replicas: 3", "replicas: 4")
	folder := before.commit(t)
	after.replace(t, folder)
	stdout, stderr, code := run(t, "", "check", "--rules", crashing(t), "--baseline", "main", folder)
	want := "error: " + folder + "/db.yaml:1:1: StatefulSet default/db could not be evaluated: "
	if !strings.HasPrefix(stderr, want) || code != cli.ExitInternal {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestStandardInputIsComparedWithAFolder(t *testing.T) {
	t.Parallel()
	folder := database(t).commit(t)
	files := database(t)
	stdin := files["db.yaml"] + "---\n" + files["budget.yaml"]
	stdout, stderr, code := run(t, stdin, "check", "--partial", "--baseline", folder, "-")
	if !strings.Contains(stdout, "\n0 changed, 0 new, 1 removed, 2 unchanged\n") || stderr != "" || code != cli.ExitViolations {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestKustomizationIsCheckedForItsChanges(t *testing.T) {
	t.Parallel()
	before := database(t)
	before["kustomization.yaml"] = "resources: [budget.yaml, db.yaml, service.yaml]\n"
	folder := before.commit(t)
	after := database(t)
	after.edit(t, "db.yaml", "postgres:16.4", "postgres:17.0")
	after["kustomization.yaml"] = "resources: [budget.yaml, db.yaml]\n"
	after.replace(t, folder)
	stdout, stderr, code := run(t, "", "check", "--baseline", "main", "-k", folder)
	if stderr != "" || code != cli.ExitViolations {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	golden(t, "kustomization.txt", strings.ReplaceAll(stdout, folder, "deploy"))
}

// snapshot is the manifest of a VolumeSnapshot.
func snapshot(name, claim string) string {
	return "apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: " + name + "}\n" +
		"spec: {volumeSnapshotClassName: nightly, source: {persistentVolumeClaimName: " + claim + "}}\n"
}

const snapshotClass = "apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshotClass\nmetadata: {name: nightly}\ndriver: disk.example.com\ndeletionPolicy: Delete\n"

func TestRemovalOfTheLastSnapshotIsReported(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		left map[string]string
		want []string
	}{
		"the last one":           {map[string]string{"class.yaml": snapshotClass}, []string{"warn snapshot-last-copy main:deploy/night-1.yaml:3"}},
		"one of two":             {map[string]string{"class.yaml": snapshotClass, "night-2.yaml": snapshot("night-2", "data-db-0")}, nil},
		"one of a class to keep": {map[string]string{"class.yaml": strings.Replace(snapshotClass, "Policy: Delete", "Policy: Retain", 1)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := database(t), database(t)
			for name, content := range test.left {
				before[name], after[name] = content, content
			}
			before["night-1.yaml"] = snapshot("night-1", "data-db-0")
			folder := before.commit(t)
			after.replace(t, folder)
			if diff := cmp.Diff(test.want, compare(t, folder, "main").Findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSnapshotsOfFilesBringClaimsBack(t *testing.T) {
	t.Parallel()
	before, after := database(t), database(t)
	before["claim.yaml"] = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-db-0}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}\n"
	before["night.yaml"] = snapshot("night-1", "data-db-0") + "---\n" + snapshotClass
	after["night.yaml"] = before["night.yaml"]
	folder := before.commit(t)
	after.replace(t, folder)
	stdout, _, code := run(t, "", "check", "--baseline", "main", folder)
	want := `snapshot "night-1" (deletion policy Delete) brings the data of its time back once it is ready`
	if said := strings.Join(strings.Fields(stdout), " "); !strings.Contains(said, want) || code != cli.ExitViolations {
		t.Errorf("exit code %d, want %q in\n%s", code, want, stdout)
	}
}
