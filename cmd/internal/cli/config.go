package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// configFlag describes --config, which several verbs have.
const configFlag = "Guardrails `file` (stateward.dev/v1alpha1); without it every rule has its default level"

// loadGuardrails reads a Guardrails file, nil without one. Every mistake has its position.
func loadGuardrails(file string, library *policies.Library) (*v1alpha1.Guardrails, error) {
	if file == "" {
		return nil, nil
	}
	source, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("--config %s: no file has this name: check the path, which begins at the working directory", file)}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("--config: the Guardrails file cannot be read: %w", err)}
	}
	document, err := manifest.Config(file, source, manifest.Options{})
	if err != nil {
		return nil, usageError{err}
	}
	guardrails, err := v1alpha1.ParseGuardrails(document.Raw, library)
	if err != nil {
		return nil, usageError{located(err, document)}
	}
	return guardrails, nil
}

// located puts file:line:column before each field error.
func located(err error, document manifest.Document) error {
	var errs []error
	for _, each := range v1alpha1.Mistakes(err) {
		var field *v1alpha1.FieldError
		if errors.As(each, &field) {
			each = fmt.Errorf("%s: %w", document.Position(field.Path), field)
		}
		errs = append(errs, each)
	}
	return errors.Join(errs...)
}
