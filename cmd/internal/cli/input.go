package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/stateward/stateward/cmd/internal/baseline"
	"github.com/stateward/stateward/cmd/internal/judge"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies/engine"
)

const baselineFlag = "judge what changes since this `revision` of git, or this folder (./NAME is always a folder)"

// input is what `stateward check` was given: documents as they are, or what has become of them since a baseline.
type input struct {
	documents []manifest.Document
	compared  bool
	changes   []baseline.Change
}

// readInput reads the paths, and their baseline where there is one. What of that cannot be compared is told aside.
func readInput(ctx context.Context, paths []string, options checkOptions, streams Streams) (input, error) {
	if err := options.complete(paths, options.compares); err != nil {
		return input{}, err
	}
	if !options.compares {
		documents, err := options.inputOptions.read(paths, streams)
		return input{documents: documents}, err
	}
	before, after, err := baseline.Read(ctx, options.baseline, paths, manifest.Options{Stdin: streams.In, AllowEmpty: options.allowEmpty})
	if err != nil {
		return input{}, err
	}
	if err := options.validated(after.Documents, streams); err != nil {
		return input{}, err
	}
	changes, notes, err := baseline.Pair(before, after, options.namespace)
	for _, note := range notes {
		fmt.Fprintln(streams.Err, "note: "+oneLine(note))
	}
	if err == nil && len(changes) == 0 && !options.allowEmpty {
		err = errEmpty(paths)
	}
	return input{compared: true, changes: changes}, err
}

// objects are the documents as they are now.
func (i input) objects() []manifest.Document {
	objects := slices.Clone(i.documents)
	for _, change := range i.changes {
		if change.After != nil {
			objects = append(objects, *change.After)
		}
	}
	return objects
}

func (i input) judge(ctx context.Context, decider *engine.Engine, options judge.Options) (report.Result, error) {
	if i.compared {
		return judge.Changes(ctx, decider, i.changes, options)
	}
	return judge.Documents(ctx, decider, i.documents, options)
}

// oneLine keeps file names from driving the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
