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
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bmatcuk/doublestar/v4"
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
	open func() (io.ReadCloser, error)
}

// Sources finds logs: files, folders with all that is below them, patterns, and - for standard input.
func Sources(paths []string, stdin io.Reader) (sources []Source, err error) {
	for _, path := range paths {
		found, err := sourcesOf(path, stdin)
		if err != nil {
			return nil, err
		}
		for _, each := range found {
			if !slices.ContainsFunc(sources, func(other Source) bool { return other.Name == each.Name }) {
				sources = append(sources, each)
			}
		}
	}
	return sources, nil
}

func sourcesOf(path string, stdin io.Reader) ([]Source, error) {
	if path == "-" {
		return []Source{{Name: "standard input", open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folder(path)
	case err == nil:
		return []Source{file(path, info.Size())}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read log: %w", err)
	}
	names, err := doublestar.FilepathGlob(path, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, fmt.Errorf("read logs %s: %w", path, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("read log %s: no such file", path)
	}
	slices.Sort(names)
	return files(names), nil
}

func file(name string, size int64) Source {
	return Source{Name: name, Size: size, open: func() (io.ReadCloser, error) { return os.Open(name) }}
}

func folder(path string) ([]Source, error) {
	var names []string
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read logs below %s: %w", path, err)
	}
	return files(names), nil
}

// files leaves out what is being compressed: NAME.gz beside NAME is the same log, or a part of it.
func files(names []string) (sources []Source) {
	for _, name := range names {
		if plain, packed := strings.CutSuffix(name, ".gz"); packed && slices.Contains(names, plain) {
			continue
		}
		var size int64
		if info, err := os.Stat(name); err == nil {
			size = info.Size()
		}
		sources = append(sources, file(name, size))
	}
	return sources
}

// lines calls take for each line with its number; whole is false for a last one that no line break ends. What cannot be
// read is an error with the number of the line.
func (s Source) lines(read *atomic.Int64, take func(line []byte, number int, whole bool)) (number int, err error) {
	opened, err := s.open()
	if err != nil {
		return 1, err
	}
	defer opened.Close()
	plain, err := decompressed(&counted{opened, read})
	if err != nil {
		return 1, err
	}
	defer plain.Close()
	reader := bufio.NewReaderSize(plain, 1<<20)
	for number = 1; ; number++ {
		line, err := readLine(reader)
		whole := err == nil
		if err != nil && !errors.Is(err, io.EOF) {
			return number, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			take(line, number, whole)
		}
		if !whole {
			return number, nil
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
	buffered := bufio.NewReader(from)
	// A file that is shorter is not compressed.
	first, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("it is not readable gzip: %w", err)
		}
		return named{unpacked, "gzip"}, nil
	case bytes.Equal(first, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowOfZstd))
		if err != nil {
			return nil, fmt.Errorf("it is not readable zstd: %w", err)
		}
		return named{unpacked.IOReadCloser(), "zstd"}, nil
	default:
		return io.NopCloser(buffered), nil
	}
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

// readLine reads a line into memory of its own; one that is too long is an error.
func readLine(reader *bufio.Reader) (line []byte, err error) {
	for {
		part, err := reader.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > longestLine {
			return nil, fmt.Errorf("the line is longer than %d MiB", longestLine>>20)
		}
	}
}
