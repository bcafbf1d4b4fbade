package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// lock takes the file lock that lets one process build at a time and returns
// the function that gives it back. The operating system gives it back too when
// the process dies, so a killed build blocks no other.
func lock(ctx context.Context, out io.Writer, path string) (func(), error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the tools: %w", err)
	}
	if err := waitForLock(ctx, out, file); err != nil {
		file.Close()
		return nil, fmt.Errorf("wait for another process that builds the tools: %w", err)
	}
	return func() { file.Close() }, nil
}

func waitForLock(ctx context.Context, out io.Writer, file *os.File) error {
	taken, err := tryLock(file)
	if taken || err != nil {
		return err
	}
	fmt.Fprintln(out, "waiting for another process that builds the tools ...")
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if taken, err := tryLock(file); taken || err != nil {
			return err
		}
	}
}
