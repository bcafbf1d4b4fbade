package manifest

import (
	"bytes"
	"strings"
	"sync"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// fileText is the text of some lines of a file, for showing them. All objects of a list share it, and it is indexed once:
// a list may hold thousands of them. It is a string so that its lines are no copies, however long they are.
type fileText struct {
	// first is the number of its first line, counted from 1.
	first  int
	text   string
	index  sync.Once
	starts []int
}

// textsOf returns the lines of each chunk of a file, so that those of a document can be let go of without those of the
// others. Chunks that begin within a line, or end in one, have all of the file.
func textsOf(file []byte, chunks []yamlpos.Chunk) []*fileText {
	texts := make([]*fileText, len(chunks))
	var whole *fileText
	lines := newLineCutter(file)
	for index, c := range chunks {
		next := yamlpos.Place{Column: 1}
		if index+1 < len(chunks) {
			next = chunks[index+1].Start
		}
		if c.Start.Column == 1 && next.Column == 1 {
			texts[index] = &fileText{first: c.Start.Line, text: lines.cut(c.Start.Line, next.Line)}
			continue
		}
		if whole == nil {
			whole = &fileText{first: 1, text: string(file)}
		}
		texts[index] = whole
	}
	return texts
}

// lineCutter cuts growing lines out of a text without counting from the start each time.
type lineCutter struct {
	rest []byte
	line int
}

func newLineCutter(text []byte) *lineCutter { return &lineCutter{rest: text, line: 1} }

// cut returns the lines from first up to the one before next, which is 0 for all that are left.
func (c *lineCutter) cut(first, next int) string {
	c.skip(first)
	from := c.rest
	if next == 0 {
		return string(from)
	}
	c.skip(next)
	return string(from[:len(from)-len(c.rest)])
}

func (c *lineCutter) skip(line int) {
	for ; c.line < line; c.line++ {
		_, c.rest, _ = bytes.Cut(c.rest, []byte("\n"))
	}
}

// line returns a line without its end, counted as in the file; "" when there is none here.
func (f *fileText) line(number int) string {
	f.index.Do(func() { f.starts = lineStarts(f.text) })
	number -= f.first
	if number < 0 || number >= len(f.starts) {
		return ""
	}
	line, _, _ := strings.Cut(f.text[f.starts[number]:], "\n")
	return strings.TrimSuffix(line, "\r")
}

func lineStarts(text string) []int {
	starts := make([]int, 1, strings.Count(text, "\n")+1)
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
