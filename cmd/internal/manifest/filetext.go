package manifest

import (
	"strings"
	"sync"
)

// fileText is the text of a file, for showing lines of it. All documents of the
// file share it, and it is indexed once: a file may hold thousands of them. It
// is a string so that its lines are no copies, however long they are.
type fileText struct {
	text   string
	index  sync.Once
	starts []int
}

// line returns a line without its end, counted from 1; "" when there is none.
func (f *fileText) line(number int) string {
	f.index.Do(func() { f.starts = lineStarts(f.text) })
	if number < 1 || number > len(f.starts) {
		return ""
	}
	line, _, _ := strings.Cut(f.text[f.starts[number-1]:], "\n")
	return strings.TrimSuffix(line, "\r")
}

func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}
