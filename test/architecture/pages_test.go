package architecture_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
)

// readmeBytes are the least and the most bytes of the front page.
var readmeBytes = [2]int{8_000, 10_000}

var (
	// fenced is a block of code with its language.
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
	level  = regexp.MustCompile(`(?m)^#+ `)
)

func TestLinksOfPagesHaveTargets(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		text := fenced.ReplaceAllString(readText(t, page), "")
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target := path.Join(path.Dir(page), found[1])
			if _, err := os.Stat(filepath.Join("..", "..", target)); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor := strings.TrimPrefix(found[2], "#"); anchor != "" && !strings.Contains(anchors(readText(t, target)), "\n"+anchor+"\n") {
				t.Errorf("%s: %s has no heading #%s", page, target, anchor)
			}
		}
	}
}

func TestFrontPageIsShort(t *testing.T) {
	t.Parallel()
	if size := len(readText(t, "README.md")); size < readmeBytes[0] || size > readmeBytes[1] {
		t.Errorf("README.md has %d bytes: keep it between %d and %d, details belong to the page of a folder", size, readmeBytes[0], readmeBytes[1])
	}
}

func TestFrontPagesCountTheRules(t *testing.T) {
	t.Parallel()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for page, format := range map[string]string{"README.md": "%d rules, %d mutations", "README.zh-CN.md": "%d 条规则、%d 个自动修正（mutation）"} {
		if want := fmt.Sprintf(format, len(library.Rules), len(library.Mutations)); !strings.Contains(readText(t, page), want) {
			t.Errorf("%s does not say %q", page, want)
		}
	}
}

func TestTranslationHasTheSameCommandsAndHeadings(t *testing.T) {
	t.Parallel()
	original, translated := readText(t, "README.md"), readText(t, "README.zh-CN.md")
	if diff := cmp.Diff(fenced.FindAllString(original, -1), fenced.FindAllString(translated, -1)); diff != "" {
		t.Errorf("code blocks of README.zh-CN.md (-README.md +README.zh-CN.md):\n%s", diff)
	}
	if diff := cmp.Diff(headings(original), headings(translated)); diff != "" {
		t.Errorf("levels of headings (-README.md +README.zh-CN.md):\n%s", diff)
	}
}

var (
	// releasedVersion is a heading of the changelog.
	releasedVersion = regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`)
	nextVersion     = regexp.MustCompile(`(?m)^appVersion: (v\d+\.\d+\.\d+)$`)
	pinnedAction    = regexp.MustCompile(`manifests/ci@(v\d+\.\d+\.\d+)`)
)

func TestVersionsAreReleasedOrNext(t *testing.T) {
	t.Parallel()
	chart := nextVersion.FindStringSubmatch(readText(t, "manifests/chart/Chart.yaml"))
	if chart == nil {
		t.Fatal("manifests/chart/Chart.yaml has no appVersion such as v1.2.3")
	}
	known := map[string]bool{chart[1]: true}
	for _, heading := range releasedVersion.FindAllStringSubmatch(readText(t, "CHANGELOG.md"), -1) {
		known["v"+heading[1]] = true
	}
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range append(library.Rules, library.Mutations...) {
		if !known[rule.Since] {
			t.Errorf("%s has since: %s, which is neither in CHANGELOG.md nor the version of the chart", rule.ID, rule.Since)
		}
	}
	for _, file := range tracked(t, "*.md", "manifests/ci/*") {
		for _, pinned := range pinnedAction.FindAllStringSubmatch(readText(t, file), -1) {
			if !known[pinned[1]] {
				t.Errorf("%s names %s, which is neither in CHANGELOG.md nor the version of the chart", file, pinned[1])
			}
		}
	}
}

// headings are the levels of a page's headings, outside of code.
func headings(page string) []string {
	return level.FindAllString(fenced.ReplaceAllString(page, ""), -1)
}

// pages are the Markdown files of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	return tracked(t, "*.md")
}

// tracked lists the files of the repository that match a pattern, also those that are new.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	arguments := append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--"}, patterns...)
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Dir = filepath.Join("..", "..")
	listed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(listed))
}
