package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestInterruptibleEndsAReadThatWaits(t *testing.T) {
	t.Parallel()
	waiting, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := interruptible(ctx, waiting).Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	text, err := io.ReadAll(interruptible(t.Context(), strings.NewReader("all of it")))
	if err != nil || string(text) != "all of it" {
		t.Errorf("%q, %v", text, err)
	}
}
