package manifest

import (
	"bytes"
	"strings"
	"sync"
)

// fileText is the text of a file, for showing lines of it. All documents of the
// file share it, and it is indexed once: a file may hold thousands of them.
type fileText struct {
	text   []byte
	index  sync.Once
	starts []int
}

// line returns a line without its end, counted from 1; "" when there is none.
func (f *fileText) line(number int) string {
	f.index.Do(func() { f.starts = lineStarts(f.text) })
	if number < 1 || number > len(f.starts) {
		return ""
	}
	line, _, _ := bytes.Cut(f.text[f.starts[number-1]:], []byte("\n"))
	return strings.TrimSuffix(string(line), "\r")
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, char := range text {
		if char == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
