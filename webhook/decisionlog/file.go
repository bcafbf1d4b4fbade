package decisionlog

import (
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

// Rotator is a place that lines are written to, one file after another.
type Rotator interface {
	// Due reports whether so many bytes more would make the present file too large.
	Due(length int) bool
	// Rotate begins a new file.
	Rotate() error
}

// File is a file with the older ones beside it, compressed.
type File struct {
	logger    *lumberjack.Logger
	size, max int64
	// rotated is when the present file had begun.
	rotated time.Time
	// torn is true while the last line is that of a process that was killed before its end.
	torn bool
}

// namedBy is how exact the time in the name of an older file is: of two rotations in one, the second would replace the
// first's file.
const namedBy = time.Millisecond

// OpenFile appends to a file, which it makes in a folder that exists. Beside it are kept at most so many older files of max bytes.
func OpenFile(name string, limit int64, older int) (*File, error) {
	file := &File{
		// The Log rotates itself, to write the Guardrails at the beginning of each file.
		logger: &lumberjack.Logger{Filename: name, MaxSize: math.MaxInt32, MaxBackups: older, Compress: true},
		max:    limit,
	}
	// That it cannot be written is better said at the start.
	opened, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open decision log: %w", err)
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, fmt.Errorf("open decision log: %w", err)
	}
	file.size = info.Size()
	if file.torn, err = endsTorn(opened, info); err != nil {
		return nil, fmt.Errorf("open decision log: %w", err)
	}
	return file, nil
}

// endsTorn reports whether the last line has no end. What is no file, such as /dev/stdout, has no last line.
func endsTorn(file io.ReaderAt, info os.FileInfo) (bool, error) {
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return false, nil
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil {
		return false, err
	}
	return last[0] != '\n', nil
}

// Due reports whether so many bytes more would make the file too large.
func (f *File) Due(length int) bool { return f.size > 0 && f.size+int64(length) > f.max }

// Rotate begins a new file.
func (f *File) Rotate() error {
	if f.rotated.Truncate(namedBy).Equal(time.Now().Truncate(namedBy)) {
		time.Sleep(namedBy)
	}
	if err := f.logger.Rotate(); err != nil {
		return err
	}
	f.size, f.rotated, f.torn = 0, time.Now(), false
	return nil
}

// Write appends. A line that another process did not end is ended first: only that one is lost.
func (f *File) Write(text []byte) (int, error) {
	if f.torn {
		if _, err := f.append([]byte{'\n'}); err != nil {
			return 0, err
		}
		f.torn = false
	}
	return f.append(text)
}

func (f *File) append(text []byte) (int, error) {
	written, err := f.logger.Write(text)
	f.size += int64(written)
	return written, err
}

// Close closes the present file.
func (f *File) Close() error { return f.logger.Close() }
