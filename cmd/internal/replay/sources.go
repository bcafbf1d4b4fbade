// Package replay evaluates recorded decisions again: under the same rules, to see that they are the same, or under other ones,
// to see what changes.
package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

const (
	// longestLine bounds a record, in bytes: an API server sends at most 7 MiB, and rules read lists.
	longestLine = 64 << 20
	// windowOfZstd bounds the memory that a compressed file may ask for.
	windowOfZstd = 128 << 20
)

// Source is a log that can be opened.
type Source struct {
	// Name is as messages show it.
	Name string
	// Size is in bytes as stored, 0 where it is unknown.
	Size int64
	// identity is the same for all names of a file, empty for what is none.
	identity string
	open     func() (io.ReadCloser, error)
}

// line is one of a source, or why it cannot be read.
type line struct {
	text   []byte
	number int
	// whole is false for a last one that no line break ends.
	whole bool
	err   error
}

// lines calls take for each line that holds something, until it returns false. After a line that is too long the next one is read;
// any other error ends the source.
func (s Source) lines(read *atomic.Int64, take func(line) bool) {
	opened, err := s.open()
	if err != nil {
		take(line{number: 1, err: err})
		return
	}
	defer opened.Close()
	plain, err := decompressed(&counted{opened, read})
	if err != nil {
		take(line{number: 1, err: err})
		return
	}
	defer plain.Close()
	reader := bufio.NewReaderSize(plain, 1<<20)
	if err := skipMark(reader); err != nil {
		take(line{number: 1, err: err})
		return
	}
	for number := 1; ; number++ {
		text, err := readLine(reader)
		each := line{text: text, number: number, whole: err == nil}
		if err != nil && !errors.Is(err, io.EOF) {
			each.err = err
		}
		if (each.err != nil || len(bytes.TrimSpace(text)) > 0) && !take(each) {
			return
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return
		}
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	read *atomic.Int64
}

func (c *counted) Read(into []byte) (int, error) {
	count, err := c.Reader.Read(into)
	c.read.Add(int64(count))
	return count, err
}

// decompressed detects gzip and zstd by their first bytes, whatever the name of a file.
func decompressed(from io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(from, 64<<10)
	// A file that is shorter is not compressed.
	first, _ := buffered.Peek(6)
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("it is not readable gzip: %w", err)
		}
		return named{unpacked, "gzip"}, nil
	case bytes.HasPrefix(first, []byte{0x28, 0xb5, 0x2f, 0xfd}), isSkippable(first):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowOfZstd))
		if err != nil {
			return nil, fmt.Errorf("it is not readable zstd: %w", err)
		}
		return named{unpacked.IOReadCloser(), "zstd"}, nil
	}
	for _, other := range otherFormats() {
		if bytes.HasPrefix(first, []byte(other.begins)) {
			return nil, fmt.Errorf("it is compressed as %s, and replay reads gzip and zstd: give it as `%s FILE | stateward replay -`", other.name, other.command)
		}
	}
	return io.NopCloser(buffered), nil
}

// isSkippable reports whether a zstd file begins with a frame for other programs, as tools that compress in parallel write it.
func isSkippable(first []byte) bool {
	return len(first) >= 4 && first[0]&0xf0 == 0x50 && bytes.Equal(first[1:4], []byte{0x2a, 0x4d, 0x18})
}

// otherFormat is how a file of it begins, and what reads it.
type otherFormat struct{ begins, name, command string }

func otherFormats() []otherFormat {
	return []otherFormat{
		{"\xfd7zXZ\x00", "xz", "xz -dc"}, {"BZh", "bzip2", "bzip2 -dc"}, {"\x04\x22\x4d\x18", "lz4", "lz4 -dc"}, {"PK\x03\x04", "zip", "unzip -p"},
	}
}

// skipMark skips the byte order mark of UTF-8, which is not JSON. Other encodings are an error.
func skipMark(reader *bufio.Reader) error {
	// A file may be shorter.
	first, _ := reader.Peek(3)
	switch {
	case bytes.Equal(first, []byte{0xef, 0xbb, 0xbf}):
		// They are in the buffer.
		_, _ = reader.Discard(len(first))
	case bytes.HasPrefix(first, []byte{0xff, 0xfe}), bytes.HasPrefix(first, []byte{0xfe, 0xff}):
		return errors.New("it is UTF-16, and JSON lines are UTF-8: give it as `iconv -f UTF-16 -t UTF-8 FILE | stateward replay -`")
	}
	return nil
}

// named says in its errors how a file is compressed.
type named struct {
	io.ReadCloser
	compression string
}

func (n named) Read(into []byte) (int, error) {
	count, err := n.ReadCloser.Read(into)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("it is not readable %s from here on: %w", n.compression, err)
	}
	return count, err
}

// errTooLong is of a line that was skipped.
var errTooLong = fmt.Errorf("the line is longer than %d MiB", longestLine>>20)

// readLine reads a line into memory of its own. One that is too long is read to its end and not kept.
func readLine(reader *bufio.Reader) (text []byte, err error) {
	long := false
	for {
		part, err := reader.ReadSlice('\n')
		if long = long || len(text)+len(part) > longestLine; long {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && (err == nil || errors.Is(err, io.EOF)):
			return nil, errTooLong
		default:
			return text, err
		}
	}
}
