// Package cli is Stateward's command line: one file for each verb.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stateward/stateward/policies/spelling"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Condense is CondenseWarnings, where Err is the standard error of the process; nil leaves the warnings as they are.
	Condense func() (end func())
}

// Exit codes.
const (
	// ExitClean: nothing is wrong.
	ExitClean = 0
	// ExitViolations: something that was checked must not happen.
	ExitViolations = 1
	// ExitUsage: a bad flag, or input that cannot be read.
	ExitUsage = 2
	// ExitInternal: something could not be evaluated, or another failure of Stateward or what it depends on.
	ExitInternal = 3
)

// errViolations is not shown: the report has said it all.
var errViolations = errors.New("violations found")

// usageError is the caller's to mend.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

func (e usageError) Unwrap() error { return e.err }

// pluginName is what the binary is called where kubectl finds it as a plugin.
const pluginName = "kubectl-stateward"

// Run executes a command line, which begins with the program's name.
func Run(ctx context.Context, commandLine []string, streams Streams) error {
	root := Root(streams)
	if isPlugin(commandLine[0]) {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl stateward"}
	}
	root.SetArgs(commandLine[1:])
	return root.ExecuteContext(ctx)
}

func isPlugin(program string) bool {
	return strings.TrimSuffix(filepath.Base(program), ".exe") == pluginName
}

// ExitCode maps what Run returned to the process's exit code.
func ExitCode(err error) int {
	var usage usageError
	var coded codedError
	switch {
	case err == nil:
		return ExitClean
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, errViolations):
		return ExitViolations
	case errors.As(err, &usage):
		return ExitUsage
	default:
		return ExitInternal
	}
}

// Message returns the text for an error from Run, empty if it was printed already.
func Message(err error) string {
	var coded codedError
	if err == nil || errors.Is(err, errViolations) || errors.As(err, &coded) && coded.err == nil {
		return ""
	}
	return "error: " + printable(err.Error(), "\n\t")
}

// printable keeps names that a message repeats from driving the terminal; the characters in except are the message's own.
func printable(text, except string) string {
	return strings.Map(func(r rune) rune {
		if !strings.ContainsRune(except, r) && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Root returns the command with all its verbs.
func Root(streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "stateward",
		Short:         "Guardrails for Kubernetes StatefulSets",
		SilenceErrors: true,
		SilenceUsage:  true,
		// Without a verb of its own to run, cobra would take an unknown one for a call for help.
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w: %ssee `%s --help`", err, meantFlag(command, err), command.CommandPath())}
	})
	root.AddCommand(newAudit(streams), newBundle(streams), newCheck(streams), newConfirm(streams), newDoctor(streams), newExport(streams), newGuardrails(streams), newOwners(streams), newPlan(streams), newPromote(streams), newReplay(streams), newRules(streams), newServe(streams), newVersion(streams))
	markUsage(root)
	return root
}

// meantFlag asks whether an unknown flag is one of the command, mistyped; "" where none is like it.
func meantFlag(command *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return ""
	}
	var known []string
	command.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
	if nearest := spelling.Nearest(unknown.GetSpecifiedName(), slices.Values(known)); nearest != "" {
		return fmt.Sprintf("did you mean --%s? ", nearest)
	}
	return ""
}

// meantVerb asks whether the first argument is a verb of the command, mistyped; "" where none is like it.
func meantVerb(command *cobra.Command, args []string) string {
	var known []string
	for _, verb := range command.Commands() {
		known = append(known, verb.Name())
	}
	if len(args) == 0 || len(known) == 0 {
		return ""
	}
	if nearest := spelling.Nearest(args[0], slices.Values(known)); nearest != "" {
		return fmt.Sprintf("did you mean %q? ", command.CommandPath()+" "+nearest)
	}
	return ""
}

// markUsage makes wrong arguments a usageError, as wrong flags are.
func markUsage(command *cobra.Command) {
	for _, child := range command.Commands() {
		markUsage(child)
	}
	validate := command.Args
	if validate == nil {
		validate = cobra.NoArgs
	}
	command.Args = func(command *cobra.Command, args []string) error {
		if err := validate(command, args); err != nil {
			return usageError{fmt.Errorf("%w: %ssee `%s --help`", err, meantVerb(command, args), command.CommandPath())}
		}
		return nil
	}
}
