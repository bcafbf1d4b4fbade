package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pipeWait is how long a pipe may be without a writer.
const pipeWait = 5 * time.Second

// readNamed reads at most limit bytes of a file and one more, whatever it is.
func readNamed(ctx context.Context, path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		return readRegular(path, limit)
	}
	file, err := open(ctx, path, err == nil && info.Mode()&fs.ModeNamedPipe != 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(ctx, file, limit)
}

// readRegular reads a file that has an end. It is not waited for apart, which takes as long as to parse a small one.
func readRegular(path string, limit int64) ([]byte, error) {
	// A pipe that has taken its place is not waited for, and os need not find out that the file has no such mode.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data := bytes.NewBuffer(make([]byte, 0, min(info.Size(), limit)+bytes.MinRead))
	_, err = data.ReadFrom(io.LimitReader(file, limit+1))
	return data.Bytes(), err
}

// open opens a file. A pipe is opened only once a program writes to it.
func open(ctx context.Context, path string, isPipe bool) (*os.File, error) {
	if !isPipe {
		return os.Open(path)
	}
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(path)
		done <- opened{file, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(pipeWait):
		return nil, fmt.Errorf("no program has opened this pipe for writing within %s", pipeWait)
	case one := <-done:
		return one.file, one.err
	}
}

// readAll reads at most limit bytes and one more, and stops waiting when the context ends.
func readAll(ctx context.Context, from io.Reader, limit int64) ([]byte, error) {
	if ctx.Done() == nil {
		return io.ReadAll(io.LimitReader(from, limit+1))
	}
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(from, limit+1))
		done <- result{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case one := <-done:
		return one.data, one.err
	}
}

// ended turns the end of a context into a sentence.
func ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("not read in time: raise --timeout, or check less at once")
	}
	return err
}
