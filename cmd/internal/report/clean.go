package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/stateward/stateward/policies/engine"
)

// Clean keeps texts of manifests from driving a terminal, forging lines of a log or breaking XML: spaces of all kinds
// become a space, and what cannot be printed becomes a replacement character. Some CI servers take ##[ and ##vso[ for
// commands wherever they stand in a line.
func Clean(text string) string {
	return withoutCommands(strings.Map(printable, text))
}

// cleanLines is Clean for a text of several lines, which stay.
func cleanLines(text string) string {
	return withoutCommands(strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return printable(r)
	}, text))
}

func printable(r rune) rune {
	switch {
	case unicode.IsPrint(r):
		return r
	case unicode.IsSpace(r):
		return ' '
	default:
		return unicode.ReplacementChar
	}
}

func withoutCommands(text string) string {
	if !strings.Contains(text, "##") {
		// A replacer takes longer to make than to search.
		return text
	}
	return strings.NewReplacer("##[", "#\uFFFD[", "##vso[", "#\uFFFDvso[").Replace(text)
}

// place is "file:line:column", or the file alone, without control characters. It begins lines, where :: would begin a
// command.
func (p Position) place() string {
	file := Clean(p.File)
	if p.Revision != "" {
		file = Clean(p.Revision) + ":" + file
	}
	if strings.HasPrefix(strings.TrimSpace(file), "::") {
		file = "./" + file
	}
	switch {
	case file == "":
		return "-"
	case p.Line < 1:
		return file
	default:
		return fmt.Sprintf("%s:%d:%d", file, p.Line, max(p.Column, 1))
	}
}

// name is "Kind namespace/name" without control characters; what belongs to no namespace has none.
func name(object engine.ObjectReference) string {
	if object.Namespace == "" {
		return Clean(object.Kind + " " + object.Name)
	}
	return Clean(object.Kind + " " + object.Namespace + "/" + object.Name)
}

// problem is the finding's message without its way out.
func (f Finding) problem() string {
	problem, found := strings.CutSuffix(f.Message, " Fix: "+f.Fix)
	if !found {
		return Clean(f.Message)
	}
	return Clean(problem)
}

// fix is the remediation, empty if problem contains it.
func (f Finding) fix() string {
	if !strings.HasSuffix(f.Message, " Fix: "+f.Fix) {
		return ""
	}
	return Clean(f.Fix)
}

// Excuse returns why a finding is only recorded, or should be; empty for all others.
func (f Finding) Excuse() string {
	switch {
	case f.Exception != nil:
		return Clean(fmt.Sprintf("excepted until %s: %s; ask %s", f.Exception.Expires, f.Exception.Reason, f.Exception.Owner))
	case f.Ignored == nil:
		return ""
	case f.Ignored.Counts:
		return Clean("ignored by its manifest: " + f.Ignored.Reason)
	default:
		return Clean(fmt.Sprintf("its manifest asks to ignore this, which counts only with --allow-annotations: %s", f.Ignored.Reason))
	}
}

// undecided names what a rule could not look up.
func undecided(each engine.Undecided) string {
	return fmt.Sprintf("undecided: [%s] looks at %s, and nothing is known of them here", Clean(each.Rule), Clean(each.Resource))
}

// Plural is a number with its noun: 1 pod, 2 pods.
func Plural(n int, word string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}
