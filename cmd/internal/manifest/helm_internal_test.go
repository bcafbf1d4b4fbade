package manifest

import (
	"testing"
)

// FuzzSourceComments names the templates of anything that Helm may print.
func FuzzSourceComments(f *testing.F) {
	f.Add("---\n# Source: chart/templates/a.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
	f.Add("# Source: \n---\n# Source: ../../etc\napiVersion: v1\nkind: ConfigMap\n# Source: x/y\n")
	f.Add("# Source: a\r\n{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"kind\": \"A\", \"apiVersion\": \"b\"}]}")
	f.Fuzz(func(t *testing.T, text string) {
		input, _ := Parse("helm:chart", []byte(text), Options{})
		for index := range input.Documents {
			document := &input.Documents[index]
			document.nameTemplate("chart", []byte(text))
			if document.File == "" {
				t.Error("a document without a file")
			}
			if position := document.Position([]any{"spec", "replicas"}); document.source == nil && position.Line != 0 {
				t.Errorf("a line of what was rendered: %v", position)
			}
		}
	})
}
