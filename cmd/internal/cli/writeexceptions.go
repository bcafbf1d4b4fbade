package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/replay"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// mostExceptions is how many exceptions Guardrails hold.
const mostExceptions = 200

// checkExceptions refuses what cannot be written, before hours of evaluating.
func (o replayOptions) checkExceptions() error {
	switch {
	case o.exceptions == "" && o.owner == "":
		return nil
	case o.exceptions == "":
		return errors.New("--owner is the contact in exceptions: give --write-exceptions too")
	case o.config == "":
		return errors.New("--write-exceptions adds exceptions to the Guardrails that deny: give them with --config")
	case o.owner == "" || len(o.owner) > 100:
		return errors.New("--write-exceptions needs --owner, a contact of at most 100 characters for each exception")
	}
	if _, err := os.Lstat(o.exceptions); err == nil {
		return fmt.Errorf("--write-exceptions: %s exists: name a new file", o.exceptions)
	}
	return checkTarget("--write-exceptions", o.exceptions)
}

// writeExceptions writes the Guardrails with exceptions for what they would deny, and says on out what has none.
func (o replayOptions) writeExceptions(made replay.Exceptions, library *policies.Library, out io.Writer) error {
	if len(made.List) > 0 {
		if err := o.writeGuardrails(made.List, library); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %s\n", o.exceptions, made.Headline())
	} else {
		fmt.Fprintf(out, "%s is not written: there are no exceptions to make\n", o.exceptions)
	}
	for _, each := range made.NotMade {
		fmt.Fprintf(out, "no exception for %s\n", each)
	}
	return nil
}

func (o replayOptions) writeGuardrails(exceptions []v1alpha1.Exception, library *policies.Library) error {
	source, err := os.ReadFile(o.config)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	whole, err := withExceptions(source, exceptions)
	if err != nil {
		return fmt.Errorf("add exceptions to %s: %w", o.config, err)
	}
	document, err := manifest.Config(o.exceptions, whole, manifest.Options{})
	if err != nil {
		return fmt.Errorf("add exceptions to %s: %w", o.config, err)
	}
	guardrails, err := v1alpha1.ParseGuardrails(document.Raw, library)
	if err != nil {
		return fmt.Errorf("add exceptions to %s: %w", o.config, err)
	}
	if count := len(guardrails.Spec.Exceptions); count > mostExceptions {
		return fmt.Errorf("%s would have %d exceptions, and Guardrails hold %d: set fewer rules to deny at a time, or limit them to some namespaces", o.exceptions, count, mostExceptions)
	}
	return replaceFile(o.exceptions, whole)
}

// withExceptions keeps the rest of the Guardrails as it is, with its comments.
func withExceptions(source []byte, exceptions []v1alpha1.Exception) ([]byte, error) {
	root, err := yaml.Parse(string(source))
	if err != nil {
		return nil, err
	}
	if root, err = root.Pipe(yaml.LookupCreate(yaml.MappingNode)); err != nil {
		return nil, err
	}
	// What is null is not found and not replaced: what is appended to it is lost.
	if err := removeNull(root, "spec", "exceptions"); err != nil {
		return nil, err
	}
	list, err := root.Pipe(yaml.LookupCreate(yaml.SequenceNode, "spec", "exceptions"))
	if err != nil {
		return nil, err
	}
	// A list that was empty may be written as [].
	list.YNode().Style &^= yaml.FlowStyle
	for _, each := range exceptions {
		text, err := sigsyaml.Marshal(each)
		if err != nil {
			return nil, err
		}
		node, err := yaml.Parse(string(text))
		if err != nil {
			return nil, err
		}
		if err := list.PipeE(yaml.Append(node.YNode())); err != nil {
			return nil, err
		}
	}
	whole, err := root.String()
	return []byte(whole), err
}

// removeNull removes the first field of a path that is null.
func removeNull(within *yaml.RNode, path ...string) error {
	for _, name := range path {
		field := within.Field(name)
		if field == nil {
			return nil
		}
		if field.Value.IsTaggedNull() {
			return within.PipeE(yaml.Clear(name))
		}
		within = field.Value
	}
	return nil
}
