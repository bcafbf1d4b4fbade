package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	// threats is how many the threat model of SIG Security has.
	threats = 18
	// failures is how many ways there are for a webhook to fail, by test/README.md.
	failures = 22
)

var (
	numbered = regexp.MustCompile(`(?m)^### (\d+)\. .+$`)
	// shown is a test that a page names.
	shown = regexp.MustCompile("(?m)^- `([a-z0-9/]+)` ((?:Test|Fuzz)[A-Za-z0-9]+)$")
	// punctuation is what a heading's anchor leaves out.
	punctuation = regexp.MustCompile(`[^a-z0-9 -]`)
	link        = regexp.MustCompile(`\]\(([a-zA-Z0-9.][^):#]*)(#[^)]*)?\)`)
)

func TestThreatsNameTheirTests(t *testing.T) {
	t.Parallel()
	everyNumberIsShown(t, "webhook/README.md", threats)
}

func TestFailureModesNameTheirTests(t *testing.T) {
	t.Parallel()
	everyNumberIsShown(t, "test/README.md", failures)
}

// everyNumberIsShown wants so many numbered headings on a page, each with tests that there are, or the reason why there are none.
func everyNumberIsShown(t *testing.T, name string, count int) {
	t.Helper()
	page := readText(t, name)
	places := numbered.FindAllStringSubmatchIndex(page, -1)
	if len(places) != count {
		t.Fatalf("%s has %d numbers of %d", name, len(places), count)
	}
	for index, place := range places {
		number := page[place[2]:place[3]]
		if number != strconv.Itoa(index+1) {
			t.Errorf("%s: number %s stands where %d belongs", name, number, index+1)
		}
		end := len(page)
		if index+1 < len(places) {
			end = places[index+1][0]
		}
		answer := page[place[1]:end]
		tests := shown.FindAllStringSubmatch(answer, -1)
		if len(tests) == 0 && !strings.Contains(answer, "No test: ") {
			t.Errorf("%s: number %s: no test shows the answer, and nothing says why", name, number)
		}
		if bullets := strings.Count(answer, "\n- "); bullets != len(tests) {
			t.Errorf("%s: number %s: %d of its tests are not written as `folder` and name", name, number, bullets-len(tests))
		}
		for _, each := range tests {
			if !hasTest(t, each[1], each[2]) {
				t.Errorf("%s: number %s: %s has no %s: name the test that shows it now", name, number, each[1], each[2])
			}
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
