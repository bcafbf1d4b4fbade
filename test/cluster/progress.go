package cluster

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows a waiting person that work continues: a line that is rewritten
// in place on a terminal, and a few lines where the output is kept, as in a log.
type progress struct {
	out      io.Writer
	terminal bool
}

func newProgress(out io.Writer) progress {
	file, ok := out.(*os.File)
	return progress{out: out, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (p progress) interval() time.Duration {
	if p.terminal {
		return time.Second
	}
	return 30 * time.Second
}

// run does the work and reports on it until it is done.
func (p progress) run(label string, work func() error) error {
	began := time.Now()
	ticker := time.NewTicker(p.interval())
	defer ticker.Stop()

	done := make(chan error, 1)
	go func() { done <- work() }()
	return p.follow(label, done, ticker.C, func() time.Duration { return time.Since(began) })
}

func (p progress) follow(label string, done <-chan error, ticks <-chan time.Time, elapsed func() time.Duration) error {
	p.started(label)
	for {
		select {
		case err := <-done:
			p.ended(label, elapsed(), err)
			return err
		case <-ticks:
			p.running(label, elapsed())
		}
	}
}

func (p progress) started(label string) {
	if p.terminal {
		fmt.Fprintf(p.out, "%s ...", label)
		return
	}
	fmt.Fprintf(p.out, "%s ...\n", label)
}

func (p progress) running(label string, elapsed time.Duration) {
	if p.terminal {
		fmt.Fprintf(p.out, "\r%s ... %s", label, roundSeconds(elapsed))
		return
	}
	fmt.Fprintf(p.out, "%s ... %s\n", label, roundSeconds(elapsed))
}

func (p progress) ended(label string, elapsed time.Duration, err error) {
	outcome := "done in"
	if err != nil {
		outcome = "failed after"
	}
	start := ""
	if p.terminal {
		start = "\r"
	}
	fmt.Fprintf(p.out, "%s%s ... %s %s\n", start, label, outcome, roundSeconds(elapsed))
}

func roundSeconds(elapsed time.Duration) time.Duration {
	return elapsed.Round(time.Second)
}
