package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/stateward/stateward/cmd/internal/report"
)

// kustomizeWarning begins each line that kustomize writes about a deprecated field.
const kustomizeWarning = "# Warning: "

// CondenseWarnings passes on what is written to the standard error of the process, until end is called. Kustomize writes there,
// without a setting, and repeats each warning for every folder that it reads: such a line is written once, at the end, with a
// count. It replaces os.Stderr, so only one command of a process may be between the two calls.
func CondenseWarnings() (end func()) {
	stderr := os.Stderr
	reader, writer, err := os.Pipe()
	if err != nil {
		return func() {}
	}
	os.Stderr = writer
	done := make(chan struct{})
	go func() {
		defer close(done)
		condense(reader, stderr)
	}()
	return func() {
		os.Stderr = stderr
		_ = writer.Close()
		<-done
	}
}

// buildsKustomizations begins a command that may build kustomizations. Others, such as serve, have standard error as it is.
func (s Streams) buildsKustomizations() (end func()) {
	if s.Condense == nil {
		return func() {}
	}
	return s.Condense()
}

// condense copies lines, but those of kustomize only once, at the end.
func condense(in io.Reader, out io.Writer) {
	var order []string
	counts := map[string]int{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		warning, found := strings.CutPrefix(strings.TrimSpace(line), kustomizeWarning)
		if !found {
			fmt.Fprint(out, line)
		} else if counts[warning]++; counts[warning] == 1 {
			order = append(order, warning)
		}
		if err != nil {
			writeCounts(out, order, counts)
			return
		}
	}
}

func writeCounts(out io.Writer, order []string, counts map[string]int) {
	for _, warning := range order {
		fmt.Fprintf(out, "warning: kustomize: %s (%s)\n", printable(warning, ""), report.Times(counts[warning]))
	}
}
