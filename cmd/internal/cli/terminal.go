package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// isTerminal reports whether the output is a terminal.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// useColor decides for one output. Under auto it needs a terminal and no NO_COLOR; see no-color.org.
func useColor(mode string, terminal bool, environment func(string) string) (bool, error) {
	switch mode {
	case "auto":
		return terminal && environment("NO_COLOR") == "" && environment("TERM") != "dumb", nil
	case "always":
		return true, nil
	case "never":
		return false, nil
	default:
		return false, fmt.Errorf("unknown --color %q: use auto, always or never", mode)
	}
}

const (
	// progressAfter is how long a run takes before it shows progress.
	progressAfter = time.Second
	// progressEvery is often enough to see it move.
	progressEvery = 100 * time.Millisecond
)

// progress shows the progress of a long run on a terminal, in one line that it removes at the end.
type progress struct {
	out   io.Writer
	now   func() time.Time
	next  time.Time
	shown bool
}

// newProgress begins a run. Where no person watches, it is nil.
func newProgress(out io.Writer, terminal bool, now func() time.Time) *progress {
	if !terminal {
		return nil
	}
	return &progress{out: out, now: now, next: now().Add(progressAfter)}
}

// of returns what shows the progress of one thing, as "read" "files", where it is time to.
func (p *progress) of(done, things string) func(count, total int) {
	if p == nil {
		return nil
	}
	return func(count, total int) {
		p.show(func() string { return fmt.Sprintf("%s %d of %d %s", done, count, total, things) })
	}
}

// counted is of where the total is unknown.
func (p *progress) counted(done, things string) func(count int) {
	if p == nil {
		return func(int) {}
	}
	return func(count int) {
		p.show(func() string { return fmt.Sprintf("%s %d %s", done, count, things) })
	}
}

// show writes the line if it is time to.
func (p *progress) show(line func() string) {
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(progressEvery), true
	fmt.Fprintf(p.out, "\r\x1b[K%s", line())
}

// end takes the line away.
func (p *progress) end() {
	if p != nil && p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
