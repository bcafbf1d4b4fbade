package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stateward/stateward/test/cluster"
)

// skipped is behind the name of a test that was not run.
const skipped = " (skipped)"

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output, Key, Value string
	Elapsed                                   float64
}

// Outcome is what became of the tests of a package.
type Outcome struct {
	Passed int `json:"passed"`
	// Failed are names of tests, without those that failed because a part of them did.
	Failed []string `json:"failed,omitempty"`
	// Behaviours maps what tests found to depend on the version to what it is here.
	Behaviours map[string]string `json:"behaviours,omitempty"`
}

// read follows the lines of `go test -json`. It writes each test that ends to out, and all that a failed one wrote.
func read(lines io.Reader, out io.Writer) (Outcome, error) {
	outcome := Outcome{Behaviours: map[string]string{}}
	written := map[string]*strings.Builder{}
	decoder := json.NewDecoder(lines)
	for {
		var event event
		if err := decoder.Decode(&event); err == io.EOF {
			slices.Sort(outcome.Failed)
			return outcome, nil
		} else if err != nil {
			return outcome, fmt.Errorf("read the output of go test: %w", err)
		}
		if written[event.Test] == nil {
			written[event.Test] = &strings.Builder{}
		}
		switch event.Action {
		case "output", "build-output":
			written[event.Test].WriteString(event.Output)
		case "attr":
			outcome.note(event)
		case "pass", "skip", "fail":
			outcome.ended(event, written[event.Test].String(), out)
			delete(written, event.Test)
		}
	}
}

// note keeps what a test recorded with cluster.Behaviour.
func (o *Outcome) note(event event) {
	if behaviour, here, found := strings.Cut(event.Value, ": "); found && event.Key == cluster.BehaviourAttribute {
		o.Behaviours[behaviour] = here
	}
}

func (o *Outcome) ended(event event, written string, out io.Writer) {
	if event.Action == "fail" {
		fmt.Fprint(out, written)
	}
	part := strings.Contains(event.Test, "/")
	switch {
	case event.Action == "fail" && event.Test == "":
		// A package fails with its tests, or because it could not run them to their end.
		if len(o.Failed) == 0 {
			o.Failed = append(o.Failed, event.Package)
		}
	case event.Action == "fail":
		if !slices.ContainsFunc(o.Failed, func(failed string) bool { return strings.HasPrefix(failed, event.Test+"/") }) {
			o.Failed = append(o.Failed, event.Test)
		}
	case event.Action == "skip" && event.Test != "":
		o.Failed = append(o.Failed, event.Test+skipped)
	case event.Action == "pass" && event.Test != "" && !part:
		o.Passed++
	}
	if event.Test != "" && !part {
		fmt.Fprintf(out, "%s %s (%.0fs)\n", event.Action, event.Test, event.Elapsed)
	}
}
