package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	data                   []string
	verify, merge          bool
	shard                  string
	output                 string
	exceptions, owner      string
}

func newReplay(streams Streams) *cobra.Command {
	var options replayOptions
	command := &cobra.Command{
		Use:   "replay LOG...",
		Short: "Judge recorded decisions again",
		Long: `Judge the decisions of a decision log again, and show what other Guardrails or rules would have changed.

LOG is a file, a folder (read recursively), a pattern in quotes (** matches any folders), or - for standard input; gzip
and zstd are recognized. Without --config, each decision is judged under the Guardrails that the log holds for it.

LOG may also be the audit log of an API server, recorded at level RequestResponse. It does not hold the objects beside a
request, so rules that read those are undecided. --data gives an export of the cluster in their place: each request is
judged as if the cluster looked as in the export, which is of one moment. What the export cannot show stays undecided.

A rule that reads what the record does not hold is undecided: it is counted and named, and its answer is not guessed.

--write-exceptions writes the Guardrails of --config to a new file, with an exception for each user, namespace and name
that they would deny and the decisions of the log allowed. Rules about loss of data get none.

--shard and --merge divide a large log, for example among the pods of an Indexed Job: each shard writes -o json=FILE, and
--merge FILE... adds them. Results of other rules or Guardrails, and missing shards, are an error.

With --verify, the rules and Guardrails of then must make the same decisions again, byte for byte. Decisions that depend
on a masked field are counted apart.

Exit code: 0 done, 1 --verify found another decision, 2 bad usage or a log that cannot be read (the rest is judged and
reported all the same), 3 something could not be evaluated.`,
		Example: `  stateward replay --config strict.yaml /var/log/stateward/
  stateward replay --rules my-rules 'logs/**/*.gz'
  stateward replay --config guardrails.yaml /var/log/kubernetes/audit.log
  stateward replay --config guardrails.yaml --data there.yaml /var/log/kubernetes/audit.log
  kubectl logs -n stateward-system deploy/stateward | stateward replay --config strict.yaml -
  stateward replay --config strict.yaml --write-exceptions strict-with-exceptions.yaml --owner team-db logs
  stateward replay --config strict.yaml --shard 3/8 -o json=results/3.json logs
  stateward replay --merge results
  stateward replay --verify decisions.jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, paths []string) error {
			return replayLogs(command.Context(), paths, options, streams)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.config, "config", "", "Guardrails `file` to judge under (default: those that the log holds)")
	flags.StringArrayVar(&options.data, "data", nil, "`file` or folder of existing objects, in the format of `kubectl get -o yaml`, for rules that look others up; for the audit log of an API server")
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVar(&options.library, "library", "", "`folder` of a whole rule library instead of the built-in one, or oci://REPOSITORY@DIGEST as `stateward bundle push` writes it")
	flags.BoolVar(&options.verify, "verify", false, "require the recorded decisions, byte for byte")
	flags.StringVar(&options.exceptions, "write-exceptions", "", "new `file` for the Guardrails of --config with exceptions for what they would deny")
	flags.StringVar(&options.owner, "owner", "", "`contact` in the exceptions of --write-exceptions")
	flags.StringVar(&options.shard, "shard", "", "read only every COUNT-th file, from file INDEX on (`INDEX/COUNT`, from 0/COUNT)")
	flags.BoolVar(&options.merge, "merge", false, "add results of -o json, such as those of all shards, instead of reading logs")
	flags.StringVarP(&options.output, "output", "o", "text", "`FORMAT[=FILE]` of the report: text, json, markdown or html")
	return command
}

// check refuses flags that do not go together, and reads the shard.
func (o replayOptions) check(paths []string) (*replay.Shard, error) {
	format, file, named := strings.Cut(o.output, "=")
	switch {
	case len(paths) == 0:
		return nil, errors.New("name a decision log, or - for standard input, as in `stateward replay --config strict.yaml decisions.jsonl`")
	case !slices.Contains([]string{"text", "json", "markdown", "html"}, format):
		return nil, fmt.Errorf("-o %s: use text, json, markdown or html", o.output)
	case o.verify && o.config != "":
		return nil, errors.New("--verify judges under the recorded Guardrails: leave out --config")
	case o.merge && (o.shard != "" || o.verify):
		return nil, errors.New("--merge adds results that exist: leave out --shard and --verify")
	case len(o.data) > 0 && (o.verify || o.merge):
		return nil, errors.New("--data is for requests that are judged now: leave it out with --verify and --merge")
	case o.shard != "" && o.exceptions != "":
		return nil, errors.New("a shard is a part of the log: give --write-exceptions with --merge")
	case named && o.exceptions != "" && filepath.Clean(file) == filepath.Clean(o.exceptions):
		return nil, fmt.Errorf("both -o %s and --write-exceptions go to %s: name another file", o.output, o.exceptions)
	case o.shard != "" && slices.Contains(paths, "-"):
		return nil, errors.New("--shard divides files: standard input is not one")
	}
	if named {
		if err := checkOutputFile(o.output, file); err != nil {
			return nil, err
		}
	}
	if err := o.checkExceptions(); err != nil || o.shard == "" {
		return nil, err
	}
	shard, err := replay.ParseShard(o.shard)
	if err != nil {
		return nil, fmt.Errorf("--shard %w", err)
	}
	return shard, nil
}

func replayLogs(ctx context.Context, paths []string, options replayOptions, streams Streams) error {
	shard, err := options.check(paths)
	if err != nil {
		return usageError{err}
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
	sources, err := replay.Sources(paths, interruptible(ctx, streams.In))
	if err != nil {
		return usageError{err}
	}
	if err := options.checkOutput(sources); err != nil {
		return usageError{err}
	}
	progress := newProgress(streams.Err, isTerminal(streams.Err), time.Now)
	export, err := exportOf(ctx, options.data, progress)
	progress.end()
	if err != nil {
		return err
	}
	settings := replay.Options{Library: library, Guardrails: guardrails, Export: export, Verify: options.verify, Shard: shard}
	summary, incomplete := options.summarize(ctx, sources, settings, streams)
	if summary == nil {
		return incomplete
	}
	if err := options.write(summary, streams.Out); err != nil {
		return err
	}
	if options.exceptions != "" {
		made := summary.Denials.Exceptions(library, options.owner, time.Now())
		if err := options.writeExceptions(made, library, streams.Err); err != nil {
			return err
		}
	}
	if incomplete != nil {
		return usageError{incomplete}
	}
	return replayed(summary)
}

// summarize replays logs, or adds results. Beside a summary, the error says what it lacks.
func (o replayOptions) summarize(ctx context.Context, sources []replay.Source, settings replay.Options, streams Streams) (*replay.Summary, error) {
	if o.merge {
		summary, err := replay.Merge(sources)
		if want := settings.Library.Revision(); o.exceptions != "" && summary.Library != want {
			return nil, usageError{errors.Join(fmt.Errorf("--write-exceptions: the results are of rule library %s, and this is %s: give the --rules and --library of the replay", summary.Library, want), err)}
		}
		if want := settings.Guardrails.Revision(); settings.Guardrails != nil && summary.Guardrails != want {
			return nil, usageError{errors.Join(fmt.Errorf("--config %s: the results are not of these Guardrails: replay the logs under them first", o.config), err)}
		}
		return summary, err
	}
	progress := newProgress(streams.Err, isTerminal(streams.Err), time.Now)
	told := progress.of("replayed", "KiB")
	if told != nil {
		settings.Progress = func(read, total int64) { told(int(read>>10), int(max(read, total)>>10)) }
	}
	summary, err := replay.Run(ctx, sources, settings)
	progress.end()
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("interrupted before the end, and no report is written: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return summary, nil
}

// checkOutput refuses a report in the place of what it reports on.
func (o replayOptions) checkOutput(sources []replay.Source) error {
	_, file, _ := strings.Cut(o.output, "=")
	index := slices.IndexFunc(sources, func(source replay.Source) bool { return isSameFile(file, source.Name) })
	if index < 0 {
		return nil
	}
	return fmt.Errorf("-o %s: %s is read, and the report would replace it: name another file", o.output, sources[index].Name)
}

// isSameFile reports whether both names are of one regular file.
func isSameFile(name, other string) bool {
	one, missing := os.Stat(name)
	two, alsoMissing := os.Stat(other)
	return missing == nil && alsoMissing == nil && one.Mode().IsRegular() && os.SameFile(one, two)
}

// replayed is how a replay ends.
func replayed(summary *replay.Summary) error {
	switch {
	case summary.Requests == 0 && summary.Damaged == 0 && summary.Refused > 0:
		return usageError{errors.New("the API server refused all requests of the audit log that a rule judges: none is left to judge")}
	case summary.Requests == 0 && summary.Damaged == 0 && summary.Events == 0 && summary.Unended > 0:
		return usageError{errors.New("the audit log holds no event of the stage ResponseComplete: the audit policy must not omit it")}
	case summary.Requests == 0 && summary.Damaged == 0 && summary.Events > 0:
		return usageError{errors.New("the audit log holds no request that a rule judges: the audit policy must record StatefulSets and what belongs to them")}
	case summary.Requests == 0 && summary.Damaged == 0 && summary.Shard == nil:
		return usageError{errors.New("the logs hold no decision: set spec.decisionLog.mode of the Guardrails to All or Denied")}
	case summary.Data && summary.Events == 0 && summary.Shard == nil:
		return usageError{errors.New("--data was not used: the logs hold no audit log of an API server, and a decision log holds what its rules read")}
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
	sources, err := artifact.Library(ctx, o.library)
	if err != nil {
		return nil, err
	}
	return policies.Load(sources)
}

func (o replayOptions) write(summary *replay.Summary, stdout io.Writer) error {
	format, file, _ := strings.Cut(o.output, "=")
	render := map[string]func(io.Writer) error{"text": summary.Text, "json": summary.JSON, "markdown": summary.Markdown, "html": summary.HTML}[format]
	var page bytes.Buffer
	if err := render(&page); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return writePage(page.Bytes(), file, stdout)
}
