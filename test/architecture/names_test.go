package architecture_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// longestName is the most bytes that the name of a test may have.
const longestName = 59

// noUnits are words that begin a sentence and not the name of a unit: the unit comes first in the name of a test.
var noUnits = []string{
	"A", "All", "An", "At", "Each", "Every", "How", "If", "In", "It", "Many", "No", "Nobody", "None", "Nothing", "Of", "On", "One",
	"Only", "That", "The", "What", "When", "Where", "Who", "Whoever", "Whose", "Why", "Without",
}

var (
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z0-9]\w*)\(`)
	// afterKind is the first word behind the kind of a test. "APIServer" begins with the word "API", not with "A".
	afterKind = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)([A-Z][a-z]+|[A-Z0-9]+?)(?:[A-Z][a-z]|[0-9_]|$)`)
)

func TestNamesOfTestsBeginWithTheUnit(t *testing.T) {
	t.Parallel()
	for _, file := range tracked(t, "*_test.go") {
		for _, found := range testFunction.FindAllStringSubmatch(readText(t, file), -1) {
			if word := firstWord(found[1]); slices.Contains(noUnits, word) {
				t.Errorf("%s: %s begins with %q: begin with what is tested", file, found[1], word)
			}
			if size := len(found[1]); size > longestName {
				t.Errorf("%s: %s has %d bytes: use at most %d", file, found[1], size, longestName)
			}
		}
	}
}

func TestFirstWordSplitsCamelCase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"TestAServerEnds":     "A",
		"TestAPIServerEnds":   "API",
		"TestAtMostEight":     "At",
		"TestAttacksFail":     "Attacks",
		"FuzzHandler":         "Handler",
		"TestHTTP":            "HTTP",
		"TestA1":              "A",
		"BenchmarkOnDelete":   "On",
		"TestJSONHasAVersion": "JSON",
	} {
		if diff := cmp.Diff(want, firstWord(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// firstWord is the first word of a test's name behind "Test".
func firstWord(name string) string {
	found := afterKind.FindStringSubmatch(name)
	if found == nil {
		return ""
	}
	return found[1]
}
