package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/artifact"
	"github.com/stateward/stateward/cmd/internal/replay"
	"github.com/stateward/stateward/cmd/internal/vap"
	"github.com/stateward/stateward/policies"
)

// replayOptions are the flags of `stateward replay`.
type replayOptions struct {
	config, rules, library string
	verify                 bool
	output                 string
}

func newReplay(streams Streams) *cobra.Command {
	var options replayOptions
	command := &cobra.Command{
		Use:   "replay LOG...",
		Short: "Judge recorded decisions again",
		Long: `Judge the decisions of a decision log again, and show what other Guardrails or rules would have changed.

LOG is a file, a folder (read recursively), a pattern in quotes (** matches any folders), or - for standard input; gzip
and zstd are recognized. Without --config, each decision is judged under the Guardrails that the log holds for it.

A rule that reads what the record does not hold is undecided: it is counted and named, and its answer is not guessed.

With --verify, the rules and Guardrails of then must make the same decisions again, byte for byte. Decisions that depend
on a masked field are counted apart.

Exit code: 0 done, 1 --verify found another decision, 2 bad usage or a log that cannot be read (the rest is judged and
reported all the same), 3 something could not be evaluated.`,
		Example: `  stateward replay --config strict.yaml /var/log/stateward/
  stateward replay --rules my-rules 'logs/**/*.gz'
  kubectl logs -n stateward-system deploy/stateward | stateward replay --config strict.yaml -
  stateward replay --verify decisions.jsonl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, paths []string) error {
			return replayLogs(command.Context(), paths, options, streams)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.config, "config", "", "Guardrails `file` to judge under (default: those that the log holds)")
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVar(&options.library, "library", "", "`folder` of a whole rule library instead of the built-in one, or oci://REPOSITORY@DIGEST as `stateward bundle push` writes it")
	flags.BoolVar(&options.verify, "verify", false, "require the recorded decisions, byte for byte")
	flags.StringVarP(&options.output, "output", "o", "text", "`format`: text, json or markdown")
	return command
}

func replayLogs(ctx context.Context, paths []string, options replayOptions, streams Streams) error {
	if !slices.Contains([]string{"text", "json", "markdown"}, options.output) {
		return usageError{fmt.Errorf("-o %s: use text, json or markdown", options.output)}
	}
	if options.verify && options.config != "" {
		return usageError{errors.New("--verify judges under the recorded Guardrails: leave out --config")}
	}
	defer collectLazily(garbageOfCheck())()
	library, err := options.loadLibrary(ctx)
	if err != nil {
		return err
	}
	guardrails, err := loadGuardrails(options.config, library)
	if err != nil {
		return err
	}
	sources, err := replay.Sources(paths, streams.In)
	if err != nil {
		return usageError{err}
	}
	progress := newProgress(streams.Err, isTerminal(streams.Err), time.Now)
	told := progress.of("replayed", "KiB")
	settings := replay.Options{Library: library, Guardrails: guardrails, Verify: options.verify}
	if told != nil {
		settings.Progress = func(read, total int64) { told(int(read>>10), int(max(read, total)>>10)) }
	}
	summary, err := replay.Run(ctx, sources, settings)
	progress.end()
	if err != nil {
		return err
	}
	if err := options.write(summary, streams.Out); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	switch {
	case summary.Requests == 0 && summary.Damaged == 0:
		return usageError{errors.New("the logs hold no decision: set spec.decisionLog.mode of the Guardrails to All or Denied")}
	case summary.Fails():
		return errViolations
	case summary.Damaged > 0:
		return codedError{code: ExitUsage}
	case summary.Count(replay.Failed) > 0:
		return codedError{code: ExitInternal}
	default:
		return nil
	}
}

// loadLibrary is the built-in library or the given one, with the rules of users.
func (o replayOptions) loadLibrary(ctx context.Context) (*policies.Library, error) {
	if o.library == "" {
		return loadLibrary(ctx, o.rules)
	}
	library, err := o.wholeLibrary(ctx)
	if err != nil {
		return nil, usageError{fmt.Errorf("read library: %w", err)}
	}
	if o.rules == "" {
		return library, nil
	}
	own, err := openRules(ctx, o.rules)
	if err != nil {
		return nil, usageError{fmt.Errorf("read rules: %w", err)}
	}
	if library, err = library.Extend(own, o.rules); err != nil {
		return nil, usageError{err}
	}
	if err := vap.Check(library); err != nil {
		return nil, usageError{err}
	}
	return library, nil
}

func (o replayOptions) wholeLibrary(ctx context.Context) (*policies.Library, error) {
	if !isArtifact(o.library) {
		if _, err := os.Stat(o.library); err != nil {
			return nil, err
		}
		return policies.Load(os.DirFS(o.library))
	}
	files, _, err := artifact.Pull(ctx, o.library)
	if err != nil {
		return nil, err
	}
	sources := fstest.MapFS{}
	for _, file := range files {
		sources[file.Path] = &fstest.MapFile{Data: file.Content}
	}
	return policies.Load(sources)
}

func (o replayOptions) write(summary *replay.Summary, out io.Writer) error {
	switch o.output {
	case "json":
		return summary.JSON(out)
	case "markdown":
		return summary.Markdown(out)
	default:
		return summary.Text(out)
	}
}
