package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// mountedConfigMap is a folder as the kubelet mounts a ConfigMap: `..data` links to the files of one version, and what
// people see links to files below `..data`. Source: pkg/volume/util/atomic_writer.go.
type mountedConfigMap struct {
	folder string
	// file is its only one, which its `items` put into folders.
	file     string
	versions int
}

// write brings a version of the file into force in one step.
func (m *mountedConfigMap) write(t *testing.T, content string) {
	t.Helper()
	m.versions++
	version := "..2026_11_23_" + strconv.Itoa(m.versions)
	file := filepath.Join(m.folder, version, m.file)
	must(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(t, os.WriteFile(file, []byte(content), 0o644))
	must(t, os.Symlink(version, filepath.Join(m.folder, "..data_tmp")))
	must(t, os.Rename(filepath.Join(m.folder, "..data_tmp"), filepath.Join(m.folder, "..data")))
	first, _, _ := strings.Cut(m.file, "/")
	if _, err := os.Lstat(filepath.Join(m.folder, first)); err != nil {
		must(t, os.Symlink(filepath.Join("..data", first), filepath.Join(m.folder, first)))
	}
	if m.versions > 1 {
		must(t, os.RemoveAll(filepath.Join(m.folder, "..2026_11_23_"+strconv.Itoa(m.versions-1))))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantsLabel is a user's rule.
const wantsLabel = `# METADATA
# title: A StatefulSet says whose it is
# description: A person who is woken at night must know which team to call.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: add the label
#   since: v1
package stateward.custom.rules.naming["owner-label"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "labels", "LABEL"],
	"what": "there is no such label",
}) if {
	some entry in review.statefulsets
	object.get(entry.object, ["metadata", "labels", "LABEL"], "") == ""
}
`

// TestUsersRulesApplyWithoutARestart walks a mounted folder through its versions, good and bad.
func TestUsersRulesApplyWithoutARestart(t *testing.T) {
	mounted := &mountedConfigMap{folder: t.TempDir(), file: "naming/owner-label/owner_label.rego"}
	mounted.write(t, strings.ReplaceAll(wantsLabel, "LABEL", "owner"))
	guarded := environment.ForTestWith(t, environment.Options{ServeArgs: []string{"--rules", mounted.folder}})
	g := newGuard(t, guarded)
	g.allowed(t, string(builders.JSON(g.placed(builders.HeadlessService()))), "create", "-f", "-")
	create := func(labels map[string]string) (stdin string, arguments []string) {
		set := builders.MakeStatefulSet()
		set.Labels = labels
		return string(builders.JSON(g.placed(set))), []string{"create", "--dry-run=server", "-f", "-"}
	}
	says := func(denied bool, label string, words ...string) {
		t.Helper()
		eventually(t, "the rules of this version are in force", func(context.Context) (bool, error) {
			stdin, arguments := create(map[string]string{label: "data"})
			output, code := g.kubectl(t, stdin, arguments...)
			return (code != 0) == denied && containsAll(output, words), nil
		})
	}
	says(true, "team", `[owner-label] metadata.labels.owner: there is no such label. Fix: add the label.`)
	says(false, "owner")

	mounted.write(t, strings.ReplaceAll(wantsLabel, "LABEL", "team"))
	says(true, "owner", "[owner-label] metadata.labels.team")
	says(false, "team")

	for version, broken := range map[string]string{
		"does not compile":             strings.ReplaceAll(wantsLabel, `object.get(`, `undefined.function(`),
		"does not parse":               wantsLabel + "}",
		"weakens a built-in rule":      "package stateward.lib.exempt\n\nreason(_) := \"let it go\"\n",
		"takes the id of another rule": strings.ReplaceAll(wantsLabel, `"owner-label"`, `"image-tag"`),
	} {
		failures := reloads(t, g, "failure")
		mounted.write(t, broken)
		eventually(t, "a version that "+version+" is refused", func(context.Context) (bool, error) {
			return reloads(t, g, "failure") > failures, nil
		})
		says(true, "owner", "[owner-label] metadata.labels.team")
	}
	log, err := os.ReadFile(g.Stateward.LogPath())
	must(t, err)
	if !strings.Contains(string(log), mounted.file+":1") {
		t.Errorf("the log does not say where a version is wrong:\n%s", log)
	}

	mounted.write(t, strings.ReplaceAll(wantsLabel, "LABEL", "owner"))
	says(false, "owner")
	g.allowed(t, guardrails("  rules: [{id: owner-label, action: warn}]\n"), "apply", "-f", "-")
	g.becomes(t, "True", "in force")
	says(false, "team", "Warning: [owner-label]")
}

func containsAll(output string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(output, word) {
			return false
		}
	}
	return true
}

// reloads is how often rules and Guardrails were looked at with this result.
func reloads(t *testing.T, g guard, result string) int {
	t.Helper()
	_, after, found := strings.Cut(fetch(t, g.Metrics+"/metrics"), `stateward_reload_total{result="`+result+`"} `)
	if !found {
		return 0
	}
	count, _, _ := strings.Cut(after, "\n")
	number, err := strconv.Atoi(count)
	must(t, err)
	return number
}
