package report

import (
	"fmt"
	"strings"
	"unicode"
)

// excerptWidth keeps a manifest that is one line of JSON from filling the screen.
const excerptWidth = 120

// excerpt shows a line of a file, and a caret below the column. It is empty where there is nothing to show.
func excerpt(finding Finding, paint palette) string {
	if finding.Position.Line < 1 || strings.TrimSpace(finding.Source) == "" {
		return ""
	}
	line, column := window([]rune(Clean(finding.Source)), max(finding.Position.Column, 1)-1)
	number := fmt.Sprintf("%4d", finding.Position.Line)
	margin := strings.Repeat(" ", len(number))
	return fmt.Sprintf("%s %s\n%s %s%s\n", paint.margin(number+" |"), strings.TrimRightFunc(string(line), unicode.IsSpace),
		paint.margin(margin+" |"), strings.Repeat(" ", column), paint.level(finding.Level, "^"))
}

// window cuts a line around a column that counts from 0, and returns the column within what is left.
func window(line []rune, column int) (shown []rune, at int) {
	column = min(column, len(line))
	start := 0
	if column > excerptWidth/2 && len(line) > excerptWidth {
		start = min(column-excerptWidth/2, len(line)-excerptWidth)
	}
	end := min(start+excerptWidth, len(line))
	shown, at = line[start:end], column-start
	if start > 0 {
		shown, at = append([]rune{'…'}, shown...), at+1
	}
	if end < len(line) {
		shown = append(shown[:len(shown):len(shown)], '…')
	}
	return shown, at
}

// endColumn returns the end of the element at a column of a line, both from 1: a key with its value, or a list
// item. It ends with the line, before a comment, or with the mapping or list around it.
func endColumn(line string, column int) int {
	text := []rune(line)
	if column < 1 || column > len(text) {
		return max(column, 1)
	}
	scan := spanScanner{inFlow: text[column-1] == '"' || opensFlow(text[:column-1])}
	end := column
	for i := column - 1; i < len(text) && !scan.ends(text, i); i++ {
		if !unicode.IsSpace(text[i]) {
			end = i + 2
		}
	}
	return end
}

// opensFlow reports whether a line has a bracket that is still open at its end: then an element ends at a comma.
func opensFlow(before []rune) bool {
	var scan spanScanner
	for i := range before {
		scan.step(before, i)
	}
	return scan.depth > 0
}

// spanScanner scans one line of YAML or JSON, character by character.
type spanScanner struct {
	inFlow  bool
	depth   int
	quote   rune
	escaped bool
}

// ends reports whether the element ends before the character.
func (s *spanScanner) ends(text []rune, i int) bool {
	if s.quote == 0 && (s.comment(text, i) || s.inFlow && s.depth == 0 && strings.ContainsRune(",]}", text[i])) {
		return true
	}
	s.step(text, i)
	return false
}

func (s *spanScanner) comment(text []rune, i int) bool {
	return text[i] == '#' && (i == 0 || unicode.IsSpace(text[i-1]))
}

func (s *spanScanner) step(text []rune, i int) {
	char := text[i]
	switch {
	case s.escaped:
		s.escaped = false
	case s.quote == '"' && char == '\\':
		s.escaped = true
	case s.quote != 0:
		if char == s.quote {
			s.quote = 0
		}
	case (char == '"' || char == '\'') && s.startsToken(text, i):
		s.quote = char
	case (char == '{' || char == '[') && s.startsToken(text, i):
		s.depth++
	case (char == '}' || char == ']') && s.depth > 0:
		s.depth--
	}
}

// startsToken reports whether a quote or bracket is syntax, and not in the middle of plain text.
func (s *spanScanner) startsToken(text []rune, i int) bool {
	return i == 0 || unicode.IsSpace(text[i-1]) || strings.ContainsRune("{[,:", text[i-1])
}
