package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// checkOptions are the flags of `stateward check`.
type checkOptions struct {
	inputOptions
	surroundingOptions

	namespace string
	config    string
	rules     string
	baseline  string
	compares  bool
	outputs   []string
	color     string
	failOn    string
	partial   bool
	verbose   bool
	// annotations of manifests may ask to ignore rules.
	annotations bool
}

func newCheck(streams Streams) *cobra.Command {
	var options checkOptions
	command := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Check manifests and recorded AdmissionReviews",
		Long: `Check Kubernetes manifests with the rules of the webhook, before they reach a cluster.

PATH is a YAML or JSON file, a folder (read recursively), a pattern in quotes (** matches any folders), or - for
standard input. All paths together form one inventory: a StatefulSet finds its Service in another file. Each kustomization
that -k builds is an inventory of its own, and so is each that --discover finds. AdmissionReviews are judged as recorded.

In a folder, what is not a Kubernetes manifest is left out and counted: values files, kustomizations, patches, charts,
templates, hidden and vendored files. A file that is named must be a manifest.

With --baseline, changes are checked: a new object as without --baseline, a changed object as an UPDATE of its old
version, a removed object as a DELETE. See cmd/README.md, "Check what a pull request changes".

Exit code: 0 nothing is denied, 1 something is (--fail-on moves that line), 2 bad usage or input that cannot be
read (the rest is judged and reported all the same), 3 something could not be evaluated.`,
		Example: `  stateward check manifests/
  helm template db CHART | stateward check -n data -
  stateward check --baseline origin/main manifests/
  stateward check --discover .
  kustomize build --enable-helm app | stateward check -
  stateward check -o text -o sarif=stateward.sarif manifests/`,
		Args: cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, paths []string) error {
			defer streams.buildsKustomizations()()
			// An empty baseline, as from a variable that is not set, is not none.
			options.compares = command.Flags().Changed("baseline")
			return check(command.Context(), paths, options, streams)
		},
	}
	flags := command.Flags()
	options.inputOptions.add(flags)
	options.surroundingOptions.add(flags)
	flags.StringVarP(&options.namespace, "namespace", "n", "", "`namespace` for objects without one (default: that of the kubeconfig context if there is a cluster, otherwise default)")
	flags.StringVar(&options.config, "config", "", configFlag)
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVar(&options.baseline, "baseline", "", baselineFlag)
	flags.StringArrayVarP(&options.outputs, "output", "o", []string{"text"}, fmt.Sprintf(
		"`FORMAT[=FILE]` of the report, repeatable: %s", strings.Join(report.Formats(), ", ")))
	flags.StringVar(&options.color, "color", "auto", "`when` to colour text: auto (on a terminal without NO_COLOR), always, never")
	flags.StringVar(&options.failOn, "fail-on", "deny", "lowest `level` that sets exit code 1: deny, warn, none")
	flags.BoolVar(&options.partial, "partial", false, "treat the input as incomplete: missing objects may exist elsewhere")
	flags.BoolVar(&options.annotations, "allow-annotations", false, "let manifests ignore rules with the annotation "+evaluate.IgnoreAnnotation+": \"rule-id: reason\"")
	flags.BoolVarP(&options.verbose, "verbose", "v", false, "also list rules that could not look up what they need")
	return command
}

func check(ctx context.Context, paths []string, options checkOptions, streams Streams) error {
	failOn, err := parseFailOn(options.failOn)
	if err != nil {
		return usageError{err}
	}
	outputs, err := options.parseOutputs(failOn, streams.Out)
	if err != nil {
		return usageError{err}
	}
	defer collectLazily(garbageOfCheck())()
	library, err := loadLibrary(ctx, options.rules)
	if err != nil {
		return err
	}
	guardrails, err := loadGuardrails(options.config, library)
	if err != nil {
		return err
	}
	if options.namespace, err = options.namespaceOf(options.namespace); err != nil {
		return usageError{err}
	}
	ctx, cancel := options.limits.bound(ctx)
	defer cancel()
	progress := newProgress(streams.Err, isTerminal(streams.Err), time.Now)
	options.reading = progress.of("read", "files")
	input, err := readInput(ctx, paths, options, library, streams)
	progress.end()
	if err != nil {
		return usageError{err}
	}
	decider, err := engine.New(ctx, library, guardrails)
	if err != nil {
		return err
	}
	surroundings, err := options.read(ctx, options.namespace, input.objects(), decider.Reads())
	if err != nil {
		return err
	}
	sets := input.sets(outputs, options.namespace)
	result, failed := input.evaluate(ctx, decider, evaluate.Options{
		Namespace: options.namespace, Partial: options.partial, Surroundings: surroundings,
		AllowAnnotations: options.annotations, Once: true, Now: time.Now(), Action: guardrails.Action, Progress: progress.of("judged", "documents"),
	})
	progress.end()
	result.Version, result.Sets = buildVersion(), sets
	if err := writeOutputs(outputs, result, streams.Out); err != nil {
		return errors.Join(asUsage(failed), err)
	}
	switch {
	case failed != nil && input.unreadable != nil:
		return errors.Join(asUsage(failed), input.unreadable)
	case failed != nil:
		return asUsage(failed)
	case input.unreadable != nil:
		return usageError{input.unreadable}
	case result.Fails(failOn):
		return errViolations
	default:
		return nil
	}
}

// bound ends the context after the longest time of a check.
func (l limitOptions) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, l.timeout)
}

// parseFailOn returns the mildest level that fails a run; Off is one that no finding has.
func parseFailOn(flag string) (policies.Level, error) {
	switch flag {
	case "deny":
		return policies.Deny, nil
	case "warn":
		return policies.Warn, nil
	case "none":
		return policies.Off, nil
	default:
		return "", fmt.Errorf("unknown --fail-on %q: use deny, warn or none", flag)
	}
}

func (o checkOptions) parseOutputs(failOn policies.Level, stdout io.Writer) ([]output, error) {
	return reportOptions{outputs: o.outputs, color: o.color, verbose: o.verbose}.parse(report.New, failOn, stdout)
}

// reportOptions say in which formats and colours reports are written.
type reportOptions struct {
	outputs []string
	color   string
	verbose bool
}

func (o reportOptions) parse(build func(string, report.Options) (report.Renderer, error), failOn policies.Level, stdout io.Writer) ([]output, error) {
	toTerminal, err := useColor(o.color, isTerminal(stdout), os.Getenv)
	if err != nil {
		return nil, err
	}
	// Without a working directory files keep the names that they were given.
	dir, _ := os.Getwd()
	return parseOutputs(o.outputs, func(format string, toFile bool) (report.Renderer, error) {
		colored := toTerminal && (!toFile || o.color == "always")
		return build(format, report.Options{Verbose: o.verbose, Color: colored, FailOn: failOn, Dir: dir, Errors: toFile})
	})
}

// asUsage makes invalid documents a usage error, unlike those that could not be evaluated.
func asUsage(err error) error {
	var input *evaluate.InputError
	if errors.As(err, &input) {
		return usageError{err}
	}
	return err
}
