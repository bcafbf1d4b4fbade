package cli

import (
	"context"
	"io"
)

// readFunc is a Reader of one function.
type readFunc func([]byte) (int, error)

func (r readFunc) Read(into []byte) (int, error) { return r(into) }

// interruptible is standard input that a signal ends: a read of a terminal or of a pipe waits for the other side otherwise.
func interruptible(ctx context.Context, in io.Reader) io.Reader {
	type result struct {
		text []byte
		err  error
	}
	return readFunc(func(into []byte) (int, error) {
		// A read that is given up ends with the process, so it must not write where others read.
		done := make(chan result, 1)
		go func() {
			text := make([]byte, len(into))
			count, err := in.Read(text)
			done <- result{text[:count], err}
		}()
		select {
		case read := <-done:
			return copy(into, read.text), read.err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
}
