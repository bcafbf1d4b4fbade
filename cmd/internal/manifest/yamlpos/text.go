package yamlpos

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns the content of a file as UTF-8 without byte order mark. Like
// kubectl it accepts UTF-16 when the file starts with a byte order mark, which
// is what some Windows shells write. Unlike kubectl it refuses bytes that are
// not valid instead of replacing them, since a replaced name is another name.
func Text(data []byte) ([]byte, []Fault) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fromUTF16(data[2:], binary.BigEndian)
	}
	return data, checkUTF8(data)
}

func fromUTF16(data []byte, order binary.ByteOrder) ([]byte, []Fault) {
	start := Place{Line: 1, Column: 1}
	if len(data)%2 != 0 {
		return nil, []Fault{FaultAt(start, "the file is cut off in the middle of a UTF-16 character")}
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	out := []byte(string(utf16.Decode(units)))
	return out, checkUTF8(out)
}

// checkUTF8 reports the first byte that no manifest can hold. One is enough:
// a file that is not text gives thousands.
func checkUTF8(data []byte) []Fault {
	if utf8.Valid(data) && bytes.IndexByte(data, 0) < 0 {
		return nil
	}
	return findInvalid(data)
}

func findInvalid(data []byte) []Fault {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return []Fault{FaultAt(placeOf(data, i),
				"byte 0x%02x is not valid UTF-8; save the file as UTF-8", data[i])}
		}
		if r == 0 {
			return []Fault{FaultAt(placeOf(data, i),
				"the file holds a NUL byte; save it as UTF-8 text")}
		}
		i += size
	}
	return nil
}

// placeOf returns the line and column of the byte at offset.
func placeOf(data []byte, offset int) Place {
	c := newCursor(data, Place{Line: 1, Column: 1})
	return c.advance(offset)
}

// cursor turns growing offsets into places without counting from the start
// each time.
type cursor struct {
	data   []byte
	offset int
	place  Place
}

// newCursor returns a cursor over data, which begins at start in its file.
func newCursor(data []byte, start Place) *cursor {
	return &cursor{data: data, place: start}
}

// advance moves to offset and returns its place.
func (c *cursor) advance(offset int) Place {
	offset = min(offset, len(c.data))
	for c.offset < offset {
		r, size := utf8.DecodeRune(c.data[c.offset:])
		if r == '\n' {
			c.place = Place{Line: c.place.Line + 1, Column: 1}
		} else {
			c.place.Column++
		}
		c.offset += size
	}
	return c.place
}
