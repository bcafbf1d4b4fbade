package decisionlog_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stateward/stateward/webhook/decisionlog"
)

func TestFilesBeginWithTheGuardrails(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "decisions.jsonl")
	file, err := decisionlog.OpenFile(name, 8<<10, 0)
	if err != nil {
		t.Fatal(err)
	}
	decider := newEngine(t, `{"mode":"All"}`)
	log, counted := newLog(file)
	for range 3 {
		offer(t, log, decider, 8)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if counted.counts[decisionlog.Written] != 24 {
		t.Fatalf("records: %v", counted.counts)
	}
	compressed(t, name)
	files, decisions := logs(t, name), 0
	for _, content := range files {
		first, err := decisionlog.Parse(bytes.SplitN(content, []byte("\n"), 2)[0])
		if err != nil || !first.IsGuardrails() || len(content) > 8<<10 {
			t.Errorf("a file of %d bytes begins with %v, %v", len(content), first, err)
		}
		decisions += len(parsed(t, content))
	}
	if decisions != 24 || len(files) < 2 {
		t.Errorf("%d decisions in %d files", decisions, len(files))
	}
}

// compressed waits until only the present file is not compressed: in between there are both forms of another.
func compressed(t *testing.T, name string) {
	t.Helper()
	for range 1000 {
		plain, err := filepath.Glob(filepath.Dir(name) + "/*.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("older files are never compressed")
}

// logs are the contents of the file and of the older ones.
func logs(t *testing.T, name string) (contents [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Dir(name) + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range files {
		content, err := os.ReadFile(each)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
			reader, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if content, err = io.ReadAll(reader); err != nil {
				t.Fatal(err)
			}
		}
		contents = append(contents, content)
	}
	return contents
}

func TestFileThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := decisionlog.OpenFile(filepath.Join(file, "log"), 1<<20, 1); err == nil {
		t.Error("no error")
	}
}

func TestFileEndsTheLineOfAKilledProcess(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]string{"": "new\n", "whole\n": "whole\nnew\n", "torn": "torn\nnew\n"} {
		name := filepath.Join(t.TempDir(), "decisions.jsonl")
		if err := os.WriteFile(name, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := decisionlog.OpenFile(name, 1<<20, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte("new\n")); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(name)
		if err != nil || string(content) != want {
			t.Errorf("%q becomes %q, not %q: %v", before, content, want, err)
		}
	}
}
