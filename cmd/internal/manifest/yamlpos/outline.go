package yamlpos

import "encoding/binary"

// Outline is the shape of a document, packed: what its nodes tell of places in a tenth of their memory, since a check
// holds those of all documents until it knows which of them it has to find fields of.
//
// It is the place of the root, and its value: a letter and, but for a scalar, a count. Each entry of a mapping is its key,
// the place of that and its value; each item of a list is its place and its value. Numbers are unsigned varints.
type Outline []byte

const (
	scalarOutline  = 's'
	mappingOutline = 'm'
	listOutline    = 'l'
)

// OutlineOf encodes a tree. Values of aliases are written for each alias, which cannot be many: the
// shaper counts.
func OutlineOf(root *Node) Outline {
	packed := appendValue(appendPlace(nil, root.Place), root)
	return append(make(Outline, 0, len(packed)), packed...)
}

func appendPlace(packed Outline, p Place) Outline {
	return binary.AppendUvarint(binary.AppendUvarint(packed, uint64(p.Line)), uint64(p.Column)) //nolint:gosec // Both count from 1.
}

func appendValue(packed Outline, n *Node) Outline {
	switch {
	case n.fields != nil:
		packed = binary.AppendUvarint(append(packed, mappingOutline), uint64(len(n.fields.names)))
		for index, name := range n.fields.names {
			packed = append(binary.AppendUvarint(packed, uint64(len(name))), name...)
			one := n.fields.fields[index]
			packed = appendValue(appendPlace(packed, one.key), one.value)
		}
	case len(n.items) > 0:
		packed = binary.AppendUvarint(append(packed, listOutline), uint64(len(n.items)))
		for _, item := range n.items {
			packed = appendValue(appendPlace(packed, item.Place), item)
		}
	default:
		packed = append(packed, scalarOutline)
	}
	return packed
}

// Only is the outline of the fields on a path, without all others; without a path it is the place of the root.
func (o Outline) Only(path ...string) Outline {
	if len(o) == 0 {
		return nil
	}
	reader := outlineReader{rest: o}
	packed := appendPlace(nil, reader.place())
	for _, key := range path {
		where, found := reader.enter(key)
		if !found {
			break
		}
		packed = binary.AppendUvarint(append(packed, mappingOutline), 1)
		packed = appendPlace(append(binary.AppendUvarint(packed, uint64(len(key))), key...), where)
	}
	return append(packed, scalarOutline)
}

// Find returns the place of the longest part of path that exists, and whether that is all of it. Nothing has its only
// Place at the start.
func (o Outline) Find(path []any) (found Place, whole bool) {
	if len(o) == 0 {
		return Place{Line: 1, Column: 1}, false
	}
	reader := outlineReader{rest: o}
	found = reader.place()
	for _, element := range path {
		where, ok := reader.enter(element)
		if !ok {
			return found, false
		}
		found = where
	}
	return found, true
}

// outlineReader reads an outline value by value.
type outlineReader struct{ rest []byte }

// enter moves to a value within the next one, and returns the position to show for it.
func (r *outlineReader) enter(element any) (where Place, ok bool) {
	key, byKey := element.(string)
	wanted, byIndex := index(element)
	kind, count := r.head()
	for at := range count {
		var name []byte
		if kind == mappingOutline {
			name = r.name()
		}
		where = r.place()
		if kind == mappingOutline && byKey && string(name) == key || kind == listOutline && byIndex && at == wanted {
			return where, true
		}
		r.skip()
	}
	return Place{}, false
}

// skip moves behind a value.
func (r *outlineReader) skip() {
	kind, count := r.head()
	for range count {
		if kind == mappingOutline {
			r.name()
		}
		r.place()
		r.skip()
	}
}

// head reads what a value is, and how many others are in it.
func (r *outlineReader) head() (kind byte, count int) {
	kind, r.rest = r.rest[0], r.rest[1:]
	if kind == scalarOutline {
		return kind, 0
	}
	return kind, r.number()
}

func (r *outlineReader) name() (name []byte) {
	length := r.number()
	name, r.rest = r.rest[:length], r.rest[length:]
	return name
}

func (r *outlineReader) place() Place {
	line := r.number()
	return Place{Line: line, Column: r.number()}
}

func (r *outlineReader) number() int {
	number, size := binary.Uvarint(r.rest)
	r.rest = r.rest[size:]
	return int(number) //nolint:gosec // An int was written.
}
