package evaluate

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

func TestSameObjectIsReportedOncePerObject(t *testing.T) {
	t.Parallel()
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: None, ports: [{port: 80}]}\n"
	const last = "where they are applied together, the last one counts. Fix: remove all but one, or "
	const between, together = last + "check alternatives apart from each other with --each.", last + "give each its own name."
	decider := builtin(t)
	for name, test := range map[string]struct {
		texts []string
		files bool
		want  map[string]string
	}{
		"one": {texts: []string{service}, files: true, want: map[string]string{}},
		"two files": {texts: []string{service, service}, files: true, want: map[string]string{
			"b.yaml:3": "warn: [same-object] metadata.name: Service \"web\" is written 2 times: also in a.yaml:1; " + between,
		}},
		"two files that are one inventory": {texts: []string{service, service}, want: map[string]string{
			"b.yaml:3": "deny: [same-object] metadata.name: Service \"web\" is written 2 times: also in a.yaml:1; " + together,
		}},
		"more files than a finding names": {texts: []string{service, service, service, service}, files: true, want: map[string]string{
			"b.yaml:3": "warn: [same-object] metadata.name: Service \"web\" is written 4 times: also in a.yaml:1 and c.yaml:1; " + between,
		}},
		"a file that repeats it": {texts: []string{service, service + "---\n" + service}, files: true, want: map[string]string{
			"b.yaml:8": "deny: [same-object] metadata.name: Service \"web\" is written 3 times: also in b.yaml:1 and a.yaml:1; " + together,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			options := Options{Namespace: "default", Now: time.Unix(1800000000, 0), Files: test.files}
			found, err := Documents(t.Context(), decider, filesOf(t, test.texts), options)
			if err != nil {
				t.Fatal(err)
			}
			for _, finding := range found.Findings {
				if finding.Rule == sameObject {
					got[fmt.Sprintf("%s:%d", finding.Position.File, finding.Position.Line)] = fmt.Sprintf("%s: %s", finding.Level, finding.Message)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// filesOf reads texts as the files a.yaml, b.yaml and so on.
func filesOf(t *testing.T, texts []string) (documents []manifest.Document) {
	t.Helper()
	for index, text := range texts {
		input, err := manifest.Parse(fmt.Sprintf("%c.yaml", 'a'+index), []byte(text), manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, input.Documents...)
	}
	return documents
}
