package manifest

import (
	"bytes"
	"strings"
)

// Need is how much of a document is needed once it has been read; each includes those before it.
type Need int

const (
	// Identity is what the object is called, and where it begins.
	Identity Need = iota
	// Object is what the object says, and the line of its name.
	Object
	// Places are where its fields are written, with the text of their lines.
	Places
)

// longestCopy is the most bytes of a line that a document has a copy of. A longer one is JSON without line ends, which may hold
// thousands of objects: a copy for each took more than 20 GB for a list of 10 MB. They share the text of the file.
const longestCopy = 4 << 10

// finish lets go of what is not needed of a document: of 100,000 documents that are
// held together most are of a kind that no rule reads. Nothing is read a second time for its positions: standard
// input cannot be, and a file may be another one by then.
func (o Options) finish(document Document) Document {
	if o.Needs != nil {
		document = document.Reduced(o.Needs(document))
	}
	// It was written into more room than it took.
	document.Raw = bytes.Clone(document.Raw)
	return document
}

// Reduced returns the document without what is not needed any more.
func (d Document) Reduced(need Need) Document {
	switch need {
	case Identity:
		d.outline, d.source, d.Raw = d.outline.Only(), nil, nil
	case Object:
		line := d.Position([]any{"metadata", "name"}).Line
		d.outline = d.outline.Only("metadata", "name")
		if text := d.Line(line); len(text) <= longestCopy {
			d.source = &fileText{first: line, text: strings.Clone(text)}
		}
	case Places:
	}
	return d
}
