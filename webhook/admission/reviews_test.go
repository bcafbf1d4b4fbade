package admission

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/engine"
)

// TestHandlerAnswersMatchGoldenFiles holds the complete answer to each recorded action of a person, at both
// phases, against a file that a person has read.
func TestHandlerAnswersMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	validate, mutate := serve(t, newHandler(t, engine.ValidatingPhase)), serve(t, newHandler(t, engine.MutatingPhase))
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := read(t, name+".json")
			got := golden(t, map[string]json.RawMessage{"validate": raw(t, validate, body), "mutate": raw(t, mutate, body)})
			file := filepath.Join("testdata", "responses", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("response (-want +got), `go test ./webhook -update` writes it:\n%s", diff)
			}
		})
	}
}

func TestGoldenFilesBelongToReviews(t *testing.T) {
	t.Parallel()
	var got []string
	files, err := filepath.Glob(filepath.Join("testdata", "responses", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		got = append(got, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	if diff := cmp.Diff(names(t), got); diff != "" {
		t.Errorf("recorded answers (-reviews +answers):\n%s", diff)
	}
}

// raw is the answer as it came, since a decoded one would hide what it does not know.
func raw(t *testing.T, url string, body []byte) json.RawMessage {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// golden replaces the library's revision, which every edit of a rule changes.
func golden(t *testing.T, answers map[string]json.RawMessage) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(answers); err != nil {
		t.Fatal(err)
	}
	revision, _ := decider(t).Revision()
	return bytes.ReplaceAll(text.Bytes(), []byte(revision), []byte("REVISION"))
}
