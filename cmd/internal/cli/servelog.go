package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/stateward/stateward/webhook/decisionlog"
)

// decisionLogOptions are the flags of `stateward serve` for the decision log, which the Guardrails turn on.
type decisionLogOptions struct {
	file, maxSize string
	maxFiles      int
}

func (o *decisionLogOptions) add(flags *pflag.FlagSet) {
	flags.StringVar(&o.file, "decision-log", "-", "`file` for the decision log if spec.decisionLog of the Guardrails turns it on; - is standard output")
	flags.StringVar(&o.maxSize, "decision-log-max-size", "100Mi", "`size` at which the file of --decision-log is compressed and a new one begins")
	flags.IntVar(&o.maxFiles, "decision-log-max-files", 10, "`number` of compressed files that are kept; 0 keeps all")
}

// open returns where the log is written, and what ends it.
func (o *decisionLogOptions) open(stdout io.Writer) (out io.Writer, finish func(), err error) {
	limit, err := parseSize("--decision-log-max-size", o.maxSize)
	if err != nil {
		return nil, nil, usageError{err}
	}
	if o.maxFiles < 0 {
		return nil, nil, usageError{fmt.Errorf("--decision-log-max-files %d: must not be negative", o.maxFiles)}
	}
	if o.file == "-" {
		return stdout, func() {}, nil
	}
	file, err := decisionlog.OpenFile(o.file, limit, o.maxFiles)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--decision-log %s: %w", o.file, err)}
	}
	// All has been written by then.
	return file, func() { _ = file.Close() }, nil
}

// decisionLabels identify this process in its records.
func decisionLabels() map[string]string {
	// A machine without a name is identified by its version only.
	host, _ := os.Hostname()
	return map[string]string{"id": host, "version": buildVersion()}
}
