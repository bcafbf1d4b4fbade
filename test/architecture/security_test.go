package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// threats is how many the threat model of SIG Security has.
const threats = 18

var (
	threat = regexp.MustCompile(`(?m)^### (\d+)\. .+$`)
	// shown is a test that SECURITY.md names.
	shown = regexp.MustCompile("(?m)^- `([a-z0-9/]+)` ((?:Test|Fuzz)[A-Za-z0-9]+)$")
	// punctuation is what a heading's anchor leaves out.
	punctuation = regexp.MustCompile(`[^a-z0-9 -]`)
	link        = regexp.MustCompile(`\]\(([a-zA-Z0-9][^):#]*)(#[^)]*)?\)`)
)

func TestEveryThreatHasAnAnswerAndTheTestsThatShowIt(t *testing.T) {
	t.Parallel()
	page := readText(t, "SECURITY.md")
	places := threat.FindAllStringSubmatchIndex(page, -1)
	if len(places) != threats {
		t.Fatalf("SECURITY.md answers %d threats of %d", len(places), threats)
	}
	for index, place := range places {
		number := page[place[2]:place[3]]
		if number != strconv.Itoa(index+1) {
			t.Errorf("threat %s stands where %d belongs", number, index+1)
		}
		end := len(page)
		if index+1 < len(places) {
			end = places[index+1][0]
		}
		answer := page[place[1]:end]
		tests := shown.FindAllStringSubmatch(answer, -1)
		if len(tests) == 0 && !strings.Contains(answer, "No test: ") {
			t.Errorf("threat %s: no test shows the answer, and nothing says why", number)
		}
		if bullets := strings.Count(answer, "\n- "); bullets != len(tests) {
			t.Errorf("threat %s: %d of its tests are not written as `folder` and name", number, bullets-len(tests))
		}
		for _, each := range tests {
			if !hasTest(t, each[1], each[2]) {
				t.Errorf("threat %s: %s has no %s: name the test that shows it now", number, each[1], each[2])
			}
		}
	}
}

func TestSecurityPageLeadsToWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, found := range link.FindAllStringSubmatch(readText(t, "SECURITY.md"), -1) {
		if _, err := os.Stat(filepath.Join("..", "..", found[1])); err != nil {
			t.Errorf("SECURITY.md: %v", err)
		}
		if anchor := strings.TrimPrefix(found[2], "#"); anchor != "" && !strings.Contains(anchors(readText(t, found[1])), "\n"+anchor+"\n") {
			t.Errorf("SECURITY.md: %s has no heading #%s", found[1], anchor)
		}
	}
}

// anchors are those of a page's headings, each on a line.
func anchors(page string) string {
	var list strings.Builder
	list.WriteString("\n")
	for line := range strings.Lines(page) {
		if heading, is := strings.CutPrefix(strings.TrimLeft(strings.TrimSpace(line), "#"), " "); is && strings.HasPrefix(line, "#") {
			list.WriteString(punctuation.ReplaceAllString(strings.ToLower(heading), "") + "\n")
		}
	}
	return strings.ReplaceAll(list.String(), " ", "-")
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.Contains(readText(t, strings.TrimPrefix(file, "../../")), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
