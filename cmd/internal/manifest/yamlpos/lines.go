package yamlpos

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lineTable turns the lines of the YAML decoders into lines of the file. The
// decoders count from the start of a document, and take more characters for a
// Line end than an editor does.
type lineTable struct {
	chunk Chunk

	// plain says that the text is printable ASCII and line feeds, as nearly all documents are.
	plain bool

	// starts holds the place within the chunk of each line of the decoder. It
	// is nil for ordinary text, where both agree.
	starts []Place
}

func newLineTable(c Chunk) *lineTable {
	t := &lineTable{chunk: c, plain: isPlain(c.Text)}
	if !t.plain && bytes.ContainsAny(c.Text, "\r\u0085\u2028\u2029") {
		t.starts = decoderLines(c.Text)
	}
	return t
}

// isPlain reports whether a text is printable ASCII and line feeds: nothing else need be looked for in it then.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\n' || c > '~' {
			return false
		}
	}
	return true
}

func decoderLines(text []byte) []Place {
	starts := []Place{{Line: 1, Column: 1}}
	now := newCursor(text, starts[0])
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		where := now.advance(i)
		if endsLine(r, text[i:]) {
			starts = append(starts, where)
		}
	}
	return starts
}

// Place returns the place in the file of a line and column of the decoder.
func (t *lineTable) place(line, column int) Place {
	p := Place{Line: max(line, 1), Column: max(column, 1)}
	if t.starts != nil {
		start := t.starts[min(p.Line, len(t.starts))-1]
		p = Place{Line: start.Line, Column: start.Column + p.Column - 1}
	}
	if p.Line == 1 {
		p.Column += t.chunk.Start.Column - 1
	}
	p.Line += t.chunk.Start.Line - 1
	return p
}

// controlFault reports the first character YAML does not allow. The decoder
// would refuse it without saying where it is.
func (t *lineTable) controlFault() (Fault, bool) {
	if t.plain {
		return Fault{}, false
	}
	i := bytes.IndexFunc(t.chunk.Text, isControl)
	if i < 0 {
		return Fault{}, false
	}
	r, _ := utf8.DecodeRune(t.chunk.Text[i:])
	where := newCursor(t.chunk.Text, t.chunk.Start).advance(i)
	return FaultAt(where, "invalid YAML: character %U is not allowed; remove it or escape it in double quotes", r), true
}

func isControl(r rune) bool {
	switch r {
	case '\t', '\n', '\r', 0x85:
		return false
	case 0xFFFE, 0xFFFF:
		return true
	}
	return r < 0x20 || r >= 0x7F && r < 0xA0
}

// syntaxFault turns an error of a YAML decoder into one with a place in the
// file and a hint.
func (t *lineTable) syntaxFault(err error) Fault {
	line, message := cutLineNumber(err.Error())
	if name, found := unknownAnchor(message); found {
		return FaultAt(t.find("*"+name), "no anchor &%s before this alias; define it or quote the text", name)
	}
	if where, found := t.tab(line, message); found {
		return FaultAt(where, "invalid YAML: a tab is used for indentation; use spaces")
	}
	return FaultAt(t.startOf(line), "invalid YAML: %s%s", message, hint(message))
}

// cutLineNumber splits "yaml: line 3: text" into 3 and "text". The parser
// counts lines from 0, only the scanner corrects that; a missing number means
// the first line.
func cutLineNumber(text string) (int, string) {
	message := strings.TrimPrefix(text, "yaml: ")
	number, after, found := strings.Cut(strings.TrimPrefix(message, "line "), ": ")
	line, err := strconv.Atoi(number)
	if !found || err != nil {
		return 1, message
	}
	if isParserMessage(after) {
		line++
	}
	return line, after
}

func isParserMessage(message string) bool {
	return slices.Contains([]string{
		"did not find expected ',' or ']'",
		"did not find expected ',' or '}'",
		"did not find expected '-' indicator",
		"did not find expected <document start>",
		"did not find expected <stream-start>",
		"did not find expected key",
		"did not find expected node content",
		"found duplicate %TAG directive",
		"found duplicate %YAML directive",
		"found incompatible YAML document",
		"found undefined tag handle",
	}, message)
}

// hint says what usually is the reason, since the words of the decoder are
// about its grammar.
func hint(message string) string {
	switch message {
	case "did not find expected key", "did not find expected '-' indicator":
		return "; check the indentation of this line and the ones above"
	case "mapping values are not allowed in this context":
		return "; check the indentation, or quote the text that holds a colon"
	case "could not find expected ':'":
		return "; a key needs a colon and a space behind it"
	case "found character that cannot start any token":
		return "; quote the text"
	case "found unexpected end of stream":
		return "; a quote or bracket is not closed"
	case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
		return "; a comma or closing bracket is missing"
	default:
		return ""
	}
}

func unknownAnchor(message string) (string, bool) {
	name, found := strings.CutPrefix(message, "unknown anchor '")
	if !found {
		return "", false
	}
	return strings.CutSuffix(name, "' referenced")
}

// Find returns the place of the first occurrence of part, or the start.
func (t *lineTable) find(part string) Place {
	i := max(bytes.Index(t.chunk.Text, []byte(part)), 0)
	return newCursor(t.chunk.Text, t.chunk.Start).advance(i)
}

// rows returns the lines of the document as an editor shows them, and which of
// them holds a line of the decoder. Decoders often stop at the end of the
// text, which is one line too far.
func (t *lineTable) rows(line int) (rows []string, current int) {
	rows = strings.Split(strings.TrimRight(string(t.chunk.Text), "\n"), "\n")
	current = t.place(line, 1).Line - t.chunk.Start.Line
	return rows, min(current, len(rows)-1)
}

// inRow returns the place of a column, counted from 0, in a row.
func (t *lineTable) inRow(row, column int) Place {
	if row == 0 {
		column += t.chunk.Start.Column - 1
	}
	return Place{Line: t.chunk.Start.Line + row, Column: column + 1}
}

// startOf returns the place of the first character of a line that is not
// space.
func (t *lineTable) startOf(line int) Place {
	rows, i := t.rows(line)
	indent := len(rows[i]) - len(strings.TrimLeft(rows[i], " "))
	return t.inRow(i, indent)
}

// tab looks for a tab in the indentation of the line of an error, or of the
// one after it: some errors are found when the line before ends.
func (t *lineTable) tab(line int, message string) (Place, bool) {
	if !strings.Contains(message, "tab character") && !strings.Contains(message, "cannot start any token") &&
		!strings.Contains(message, "could not find expected ':'") {
		return Place{}, false
	}
	rows, first := t.rows(line)
	for i := first; i <= first+1 && i < len(rows); i++ {
		indent := rows[i][:len(rows[i])-len(strings.TrimLeft(rows[i], " \t"))]
		if column := strings.IndexByte(indent, '\t'); column >= 0 {
			return t.inRow(i, column), true
		}
	}
	return Place{}, false
}
