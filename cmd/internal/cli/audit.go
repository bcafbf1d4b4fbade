package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stateward/stateward/cmd/internal/audit"
	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
)

// auditOptions are the flags of `stateward audit`.
type auditOptions struct {
	clusterOptions

	data       []string
	namespaces []string
	all        bool
	selector   string
	config     string
	rules      string
	outputs    []string
	color      string
	failOn     string
	since      string
	fileSize   string
	timeout    time.Duration
}

func newAudit(streams Streams) *cobra.Command {
	var options auditOptions
	command := &cobra.Command{
		Use:   "audit",
		Short: "Judge all objects that exist",
		Long: `Judge the objects of a cluster, or of an export with --data, by the rules of the webhook: each as if it were created
now, with the other objects as its inventory. Rules of the category audit add what only a look at all objects can
find, such as claims of StatefulSets that are gone. Nothing is changed.

The Guardrails are those of --config, otherwise those of the cluster or of the export. Objects in kube-system and
stateward-system are exempt, as in the webhook.

Exit code: 0 nothing is denied, 1 something is (--fail-on moves that line), 2 bad usage or objects that cannot be
read (the rest is judged and reported all the same), 3 something could not be evaluated.`,
		Example: `  stateward audit
  stateward audit -n data -l team=storage
  kubectl get sts,svc,pdb,pods,pvc,pv,sc,nodes,ns,deploy,controllerrevisions -A -o yaml > there.yaml && stateward audit --data there.yaml`,
		RunE: func(command *cobra.Command, _ []string) error {
			return runAudit(command.Context(), options, streams)
		},
	}
	flags := command.Flags()
	options.add(flags)
	flags.StringArrayVar(&options.data, "data", nil, "`file` or folder of existing objects, in the format of `kubectl get -o yaml`, instead of a cluster")
	flags.StringSliceVarP(&options.namespaces, "namespace", "n", nil, "`namespace` to audit, repeatable (default: all)")
	flags.BoolVarP(&options.all, "all-namespaces", "A", false, "audit all namespaces, which is the default")
	flags.StringVarP(&options.selector, "selector", "l", "", "`labels` of the objects to judge, such as app=web; the inventory holds all objects")
	flags.StringVar(&options.config, "config", "", "Guardrails `file` (stateward.dev/v1alpha1); without it those of the cluster or of --data count")
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringArrayVarP(&options.outputs, "output", "o", []string{"text"}, fmt.Sprintf(
		"`FORMAT[=FILE]` of the report, repeatable: %s", strings.Join(audit.Formats(), ", ")))
	flags.StringVar(&options.color, "color", "auto", "`when` to colour text: auto (on a terminal without NO_COLOR), always, never")
	flags.StringVar(&options.failOn, "fail-on", "deny", "lowest `level` that sets exit code 1: deny, warn, none")
	flags.StringVar(&options.since, "since", "", "JSON report `file` of an earlier audit: report what is new, gone and still there")
	flags.StringVar(&options.fileSize, "max-file-size", "2Gi", "largest `size` of one file of --data, and of all together")
	flags.DurationVar(&options.timeout, "timeout", 10*time.Minute, "longest `time` for the whole audit; 0 is without end")
	return command
}

func runAudit(ctx context.Context, options auditOptions, streams Streams) error {
	failOn, err := parseFailOn(options.failOn)
	if err != nil {
		return usageError{err}
	}
	facts := &audit.Facts{Time: time.Now()}
	outputs, err := options.parseOutputs(failOn, facts, streams.Out)
	if err != nil {
		return usageError{err}
	}
	if facts.Since, err = readSince(options.since); err != nil {
		return usageError{err}
	}
	selection, err := options.selection()
	if err != nil {
		return usageError{err}
	}
	defer collectLazily(garbageOfCheck())()
	library, err := loadLibrary(ctx, options.rules)
	if err != nil {
		return err
	}
	ctx, cancel := limitOptions{timeout: options.timeout}.bound(ctx)
	defer cancel()
	progress := newProgress(streams.Err, isTerminal(streams.Err), time.Now)
	defer progress.end()
	found, decider, err := options.read(ctx, library, selection, progress)
	if err != nil {
		return err
	}
	progress.end()
	result, failed := found.evaluate(ctx, decider, facts, progress)
	progress.end()
	result.Version, result.Sets = buildVersion(), found.sets(outputs)
	if err := writeOutputs(outputs, result, streams.Out); err != nil {
		return errors.Join(asUsage(failed), err)
	}
	return outcomeOf(result, failed, failOn)
}

// outcomeOf is what sets the exit code.
func outcomeOf(result report.Result, failed error, failOn policies.Level) error {
	switch {
	case failed != nil:
		return asUsage(failed)
	case result.Unreadable() > 0:
		return usageError{fmt.Errorf("not all objects could be read: see the report for %s", report.Plural(result.Unreadable(), "problem"))}
	case result.Fails(failOn):
		return errViolations
	default:
		return nil
	}
}

func (o auditOptions) parseOutputs(failOn policies.Level, facts *audit.Facts, stdout io.Writer) ([]output, error) {
	build := func(format string, options report.Options) (report.Renderer, error) {
		return audit.New(format, facts, options)
	}
	return reportOptions{outputs: o.outputs, color: o.color}.parse(build, failOn, stdout)
}

// readSince reads the report of an earlier audit; without a file there is none.
func readSince(file string) (*audit.Since, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read --since: %w", err)
	}
	since, err := audit.ReadSince(text)
	if err != nil {
		return nil, fmt.Errorf("read --since %s: %w", file, err)
	}
	return since, nil
}

// selection says which objects are evaluated.
type selection struct {
	namespaces map[string]bool
	labels     labels.Selector
}

func (o auditOptions) selection() (selection, error) {
	chosen := selection{namespaces: map[string]bool{}}
	if o.all && len(o.namespaces) > 0 {
		return chosen, errors.New("-A is every namespace: leave out -A or -n")
	}
	for _, namespace := range o.namespaces {
		chosen.namespaces[namespace] = true
	}
	var err error
	if chosen.labels, err = labels.Parse(o.selector); err != nil {
		return chosen, fmt.Errorf("-l %q: %w", o.selector, err)
	}
	return chosen, nil
}

// holds reports whether the namespace is audited.
func (s selection) holds(namespace string) bool {
	return len(s.namespaces) == 0 || s.namespaces[namespace]
}

// decider evaluates under the Guardrails of the file, otherwise under the stored ones, and returns them as an object to evaluate.
func (o auditOptions) decider(ctx context.Context, library *policies.Library, object *evaluate.Stored) (*engine.Engine, *evaluate.Stored, error) {
	var guardrails *v1alpha1.Guardrails
	var err error
	switch {
	case o.config != "":
		if guardrails, err = loadGuardrails(o.config, library); err != nil {
			return nil, nil, err
		}
		object = &evaluate.Stored{Position: report.Position{File: o.config}}
		if object.Raw, err = json.Marshal(guardrails); err != nil {
			return nil, nil, err
		}
	case object != nil:
		if guardrails, err = v1alpha1.ParseGuardrails(object.Raw, library); err != nil {
			return nil, nil, usageError{fmt.Errorf("%s: these Guardrails are invalid, correct them or use --config: %w", object.Position.File, err)}
		}
	}
	decider, err := engine.New(ctx, library, guardrails)
	if err != nil || object == nil {
		return decider, nil, err
	}
	object.Object, object.Evaluated = stored.Guardrails(decider, object.Raw), true
	return decider, object, nil
}
