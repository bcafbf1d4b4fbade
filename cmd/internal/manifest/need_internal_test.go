package manifest

import (
	"strings"
	"testing"
)

func TestReducedDocumentsShareALongLine(t *testing.T) {
	t.Parallel()
	item := `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","annotations":{"a":"` + strings.Repeat("a", longestCopy) + `"}}}`
	text := `{"apiVersion":"v1","kind":"List","items":[` + item + "," + item + `]}`
	input, err := Parse("f", []byte(text), Options{Needs: func(Document) Need { return Object }})
	if err != nil {
		t.Fatal(err)
	}
	if one, other := input.Documents[0], input.Documents[1]; one.source != other.source || one.Line(1) != text {
		t.Error("each document has a copy of the line")
	}
}
