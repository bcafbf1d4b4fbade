// Package examples reads the examples of the rules.
package examples

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// Example is one file below a rule's examples/pass or examples/fail.
type Example struct {
	File string
	// Guardrails is the file that switches on what is off by default; empty for none.
	Guardrails string
	// Documents are its objects and AdmissionReviews; the items of a List count one by one.
	Documents []unstructured.Unstructured
}

// Read reads all examples of the library in the folder policies.
func Read(policies string) (examples []Example, err error) {
	for _, pattern := range []string{"rules/*/*/examples/*/*", "mutations/*/examples/*/*"} {
		files, err := filepath.Glob(filepath.Join(policies, pattern))
		if err != nil || len(files) == 0 {
			return nil, errors.Join(err, fmt.Errorf("no examples match %s", filepath.Join(policies, pattern)))
		}
		for _, file := range files {
			example, err := read(file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			examples = append(examples, example)
		}
	}
	return examples, nil
}

func read(file string) (Example, error) {
	example := Example{File: file, Guardrails: filepath.Join(filepath.Dir(file), "..", "guardrails.yaml")}
	if _, err := os.Stat(example.Guardrails); err != nil {
		example.Guardrails = ""
	}
	source, err := os.ReadFile(file)
	if err != nil {
		return example, err
	}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(source), 4096)
	for {
		var document unstructured.Unstructured
		err := decoder.Decode(&document.Object)
		if errors.Is(err, io.EOF) {
			return example, nil
		}
		if err != nil {
			return example, err
		}
		if err := example.add(document); err != nil {
			return example, err
		}
	}
}

func (e *Example) add(document unstructured.Unstructured) error {
	if len(document.Object) == 0 {
		return nil
	}
	if !document.IsList() {
		e.Documents = append(e.Documents, document)
		return nil
	}
	return document.EachListItem(func(item runtime.Object) error {
		listed, is := item.(*unstructured.Unstructured)
		if !is {
			return fmt.Errorf("a list holds a %T", item)
		}
		return e.add(*listed)
	})
}
