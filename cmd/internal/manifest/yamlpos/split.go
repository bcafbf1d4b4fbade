package yamlpos

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode"
	"unicode/utf8"
)

const (
	separator = "---"

	// jsonWindow is how far kubectl looks for the "{" that makes it read a
	// file as JSON.
	jsonWindow = 4096

	// jsonLookahead is how many bytes kubectl reads after a JSON object
	// before it continues with YAML.
	jsonLookahead = 4
)

// Chunk is the text of one document and where it starts in its file.
type Chunk struct {
	Text  []byte
	Start Place
	json  bool

	// jsonFault is set on a YAML chunk that was tried as JSON first. It is
	// reported instead of the YAML error when the chunk is neither.
	jsonFault *Fault
}

// Split cuts the text of a file into documents as kubectl does: a file that
// starts with "{" is a stream of JSON values, and turns into YAML when the
// first or second value is not JSON.
func Split(data []byte) ([]Chunk, []Fault) {
	if !looksLikeJSON(data) {
		return splitYAML(data, 0)
	}
	chunks, offset, wrong := splitJSON(data)
	if wrong == nil {
		return chunks, nil
	}
	if len(chunks) > 1 {
		return chunks, []Fault{*wrong}
	}
	offset, ok := skipToYAML(data, offset)
	if !ok {
		return chunks, []Fault{*wrong}
	}
	rest, faults := splitYAML(data, offset)
	if len(rest) > 0 {
		rest[0].jsonFault = wrong
	}
	return append(chunks, rest...), faults
}

func looksLikeJSON(data []byte) bool {
	window := data[:min(len(data), jsonWindow)]
	return bytes.HasPrefix(bytes.TrimLeftFunc(window, unicode.IsSpace), []byte("{"))
}

// splitJSON cuts concatenated JSON values. It stops at the first error and
// returns the offset behind the last good value.
func splitJSON(data []byte) ([]Chunk, int, *Fault) {
	var chunks []Chunk
	offset := 0
	where := newCursor(data, Place{Line: 1, Column: 1})
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return chunks, offset, nil
		}
		if err != nil {
			return chunks, offset, jsonFault(data, offset, err)
		}
		offset = int(decoder.InputOffset())
		start := where.advance(offset - len(value))
		chunks = append(chunks, Chunk{Text: value, Start: start, json: true})
	}
}

// jsonFault finds the place of a JSON error in the value that starts at
// offset. The value is decoded again because the error of a stream decoder
// counts its offset from an unknown start.
func jsonFault(data []byte, offset int, err error) *Fault {
	var value json.RawMessage
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(data[offset:], &value), &syntax) {
		f := FaultAt(placeOf(data, offset), "invalid JSON: %w", err)
		return &f
	}
	// The offset is the number of bytes read, hence behind the wrong one.
	wrong := offset + max(int(syntax.Offset)-1, 0)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		wrong = len(data)
	}
	f := FaultAt(placeOf(data, wrong), "invalid JSON: %w", syntax)
	return &f
}

// skipToYAML drops the white space behind a JSON value up to and including the
// end of its line. It reports false when too little is left for kubectl to
// try YAML.
func skipToYAML(data []byte, offset int) (int, bool) {
	for len(data)-offset >= jsonLookahead {
		r, size := utf8.DecodeRune(data[offset:])
		if !unicode.IsSpace(r) {
			return offset, true
		}
		offset += size
		if r == '\n' {
			return offset, true
		}
	}
	return offset, false
}

// splitYAML cuts data, from offset on, at the lines that start with "---".
// Line ends become a single line feed, as kubectl hands them to its decoder,
// and like there a separator in front of a document is part of its text.
func splitYAML(data []byte, offset int) ([]Chunk, []Fault) {
	var chunks []Chunk
	var faults []Fault
	var current Chunk
	line := placeOf(data, offset)
	rest := data[offset:]
	for len(rest) > 0 {
		var content []byte
		content, rest = cutLine(rest)
		wrong := checkSeparator(content, line)
		faults = append(faults, wrong...)
		switch {
		case len(wrong) > 0 || isSeparator(content) && len(current.Text) > 0:
			chunks = appendChunk(chunks, current)
			current = Chunk{}
		case len(current.Text) == 0:
			current = Chunk{Text: appendLine(nil, content), Start: line}
		default:
			current.Text = appendLine(current.Text, content)
		}
		line = Place{Line: line.Line + 1, Column: 1}
	}
	return appendChunk(chunks, current), faults
}

// cutLine returns the first line without its end ("\n" or "\r\n"), and what
// follows it.
func cutLine(data []byte) (line, rest []byte) {
	line, rest, found := bytes.Cut(data, []byte("\n"))
	if found {
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	return line, rest
}

func appendLine(text, line []byte) []byte {
	return append(append(text, line...), '\n')
}

func appendChunk(chunks []Chunk, c Chunk) []Chunk {
	if len(c.Text) == 0 {
		return chunks
	}
	return append(chunks, c)
}

func isSeparator(line []byte) bool {
	return bytes.HasPrefix(line, []byte(separator))
}

// checkSeparator allows only a comment behind "---". Splitting continues after a
// wrong separator, so that the documents behind it are checked too.
func checkSeparator(line []byte, where Place) []Fault {
	after, found := bytes.CutPrefix(line, []byte(separator))
	after = bytes.TrimSpace(after)
	if !found || len(after) == 0 || after[0] == '#' {
		return nil
	}
	return []Fault{FaultAt(where,
		"a document separator must be --- alone on its line, found %q behind it", after)}
}
