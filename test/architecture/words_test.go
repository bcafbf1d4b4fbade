package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hard are words that make sentences hard to read; CONTRIBUTING.md says what to write instead. "is no longer" is fine.
var hard = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever|anybody|is no|tells|stands|for want of|anew|in its turn)\b`)

// accepted are hard words that stay, by file and word, with their number. This list may only shrink: a new entry needs
// another sentence instead.
var accepted = map[string]map[string]int{}

func TestTextsForPeopleUsePlainWords(t *testing.T) {
	t.Parallel()
	for file, texts := range textsForPeople(t) {
		found := map[string]int{}
		for _, text := range texts {
			for _, word := range hardWords(text) {
				found[word]++
				if found[word] > accepted[file][word] {
					t.Errorf("%s: %q is hard to read in %q: see the style guide in CONTRIBUTING.md", file, word, text)
				}
			}
		}
		for word, count := range accepted[file] {
			if found[word] < count {
				t.Errorf("%s has %q %d times: take the rest out of the list of accepted words", file, word, found[word])
			}
		}
	}
}

// hardInComments are the words that Go comments avoid, those of tests too. "is no" is common in "there is no".
var hardInComments = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever|anybody|tells|stands|for want of|anew|in its turn)\b`)

func TestCommentsUsePlainWords(t *testing.T) {
	t.Parallel()
	for _, file := range tracked(t, "*.go") {
		for _, text := range goComments(t, file) {
			if word := hardInComments.FindString(text); word != "" {
				t.Errorf("%s: %q is hard to read in %q: see the style guide in CONTRIBUTING.md", file, word, text)
			}
		}
	}
}

func TestHardWordsAreWholeWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"Whoever asks is told, and nobody else": {"whoever", "nobody"},
		"it is no list":                         {"is no"},
		"it is no longer ready, and outstands":  nil,
		"this notice":                           nil,
	} {
		if got := hardWords(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q instead of %q", text, got, want)
		}
	}
}

func hardWords(text string) (words []string) {
	for _, found := range hard.FindAllStringIndex(text, -1) {
		word := strings.ToLower(text[found[0]:found[1]])
		if word == "is no" && strings.HasPrefix(text[found[1]:], " longer") {
			continue
		}
		words = append(words, word)
	}
	return words
}

// textsForPeople are the texts that people read, by file: pages, metadata and messages of rules, strings of the program,
// descriptions in the manifests.
func textsForPeople(t *testing.T) map[string][]string {
	t.Helper()
	texts := map[string][]string{}
	for _, file := range tracked(t, "*.md", "manifests/*.yaml", "manifests/*.json", "manifests/*.yml", "manifests/*.mk", "Makefile") {
		texts[file] = slices.Collect(strings.Lines(readText(t, file)))
	}
	for _, file := range tracked(t, "policies/*.rego") {
		if !strings.HasSuffix(file, "_test.rego") {
			texts[file] = regoTexts(readText(t, file))
		}
	}
	for _, file := range tracked(t, "cmd/*.go", "webhook/*.go", "certs/*.go", "policies/*.go", "test/tour/*.go") {
		if !strings.HasSuffix(file, "_test.go") {
			texts[file] = goStrings(t, file)
		}
	}
	return texts
}

// regoText is a string of Rego on one line.
var regoText = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")

// regoTexts are the metadata of a Rego file, and its strings.
func regoTexts(source string) (texts []string) {
	inMetadata := false
	for line := range strings.Lines(source) {
		comment := strings.HasPrefix(line, "#")
		inMetadata = comment && (inMetadata || strings.HasPrefix(line, "# METADATA"))
		switch {
		case inMetadata:
			texts = append(texts, line)
		case !comment:
			texts = append(texts, regoText.FindAllString(line, -1)...)
		}
	}
	return texts
}

func goComments(t *testing.T, file string) (texts []string) {
	t.Helper()
	for _, group := range parsed(t, file).Comments {
		texts = append(texts, group.Text())
	}
	return texts
}

func goStrings(t *testing.T, file string) (texts []string) {
	t.Helper()
	ast.Inspect(parsed(t, file), func(node ast.Node) bool {
		literal, is := node.(*ast.BasicLit)
		if !is || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
		return true
	})
	return texts
}

func parsed(t *testing.T, file string) *ast.File {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, readText(t, file), parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
