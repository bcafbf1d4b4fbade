package replay

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/decisions"
)

// logs are files with the recorded requests, under names that sort alike.
func logs(t *testing.T, count int) []Source {
	t.Helper()
	folder := t.TempDir()
	log := decisions.Log(t, all)
	for index := range count {
		if err := os.WriteFile(filepath.Join(folder, string(rune('a'+index))+".jsonl"), log, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := Sources([]string{folder}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// results are the JSON outputs of the shards of a replay.
func results(t *testing.T, sources []Source, options Options, shards int) (parts []string) {
	t.Helper()
	for index := range shards {
		options.Shard = &Shard{Index: index, Count: shards}
		parts = append(parts, asJSON(t, ran(t, sources, options)))
	}
	return parts
}

func ran(t *testing.T, sources []Source, options Options) *Summary {
	t.Helper()
	summary, err := Run(t.Context(), sources, options)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

func asJSON(t *testing.T, summary *Summary) string {
	t.Helper()
	var page bytes.Buffer
	if err := summary.JSON(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// kept are results in files.
func kept(t *testing.T, parts []string) []Source {
	t.Helper()
	folder := t.TempDir()
	for index, part := range parts {
		if err := os.WriteFile(filepath.Join(folder, string(rune('0'+index))+".json"), []byte(part), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := Sources([]string{folder}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

func denying(t *testing.T) Options {
	t.Helper()
	library := builders.Library(t)
	return Options{Library: library, Guardrails: guardrails(t, library, `{"rules":[{"id":"canary-first","action":"deny"},{"id":"cascade-delete","action":"off"}]}`)}
}

func TestMergedShardsEqualOneReplay(t *testing.T) {
	t.Parallel()
	sources, options := logs(t, 5), denying(t)
	whole := ran(t, sources, options)
	if whole.Count(Denied) != 5 {
		t.Fatalf("%d requests would be denied, not 5", whole.Count(Denied))
	}
	for _, shards := range []int{1, 3, 7} {
		merged, err := Merge(kept(t, results(t, sources, options, shards)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(asJSON(t, whole), asJSON(t, merged)); diff != "" {
			t.Errorf("%d shards (-one replay +merged):\n%s", shards, diff)
		}
	}
}

func TestMergeRejectsShardsThatDoNotMatch(t *testing.T) {
	t.Parallel()
	sources, options := logs(t, 4), denying(t)
	parts := results(t, sources, options, 2)
	otherRules := options
	exporting := options
	exporting.Export = NewExport()
	otherRules.Guardrails = guardrails(t, options.Library, `{"rules":[{"id":"canary-first","action":"deny"}]}`)
	for name, test := range map[string]struct {
		parts []string
		says  string
		// counted is how many requests are in the summary all the same.
		counted int
	}{
		"a missing shard":  {parts[:1], "no result of shard 1/2: their requests are not counted", 28},
		"a shard twice":    {[]string{parts[0], parts[1], parts[0]}, "shard 0/2 is in ", 56},
		"other Guardrails": {[]string{parts[0], results(t, sources, otherRules, 2)[1]}, "those of the others are", 28},
		"a verification":   {[]string{parts[0], results(t, sources, Options{Library: options.Library, Verify: true}, 2)[1]}, "it is a verification", 28},
		"an export":        {[]string{parts[0], results(t, sources, exporting, 2)[1]}, "it was replayed with --data", 28},
		"another count":    {[]string{parts[0], results(t, sources, options, 3)[1]}, "it is shard 1/3, and another is 0/2", 28},
		"other files":      {[]string{parts[0], results(t, logs(t, 3), options, 2)[1]}, "saw 3 files and shard 0/2 4", 28},
		"whole logs too":   {append(results(t, sources, options, 2), asJSON(t, ran(t, sources, options))), "it is of whole logs and the others are of shards", 56},
		"half a result":    {[]string{parts[0], parts[1][:200]}, "it is not a whole result", 28},
		"two in a file":    {[]string{parts[0], parts[1] + parts[1]}, "more than one result", 28},
		"a later version":  {[]string{parts[0], strings.Replace(parts[1], `"version": 1`, `"version": 2`, 1)}, "it is a result of version 2", 28},
		"an unknown field": {[]string{parts[0], strings.Replace(parts[1], `"version"`, `"new": 1, "version"`, 1)}, "unknown field", 28},
		"nothing like it":  {[]string{"[]"}, "it is not a whole result", 0},
		"an empty group":   {[]string{strings.Replace(asJSON(t, ran(t, sources, options)), `"classes": {`, `"classes": {"same2": null,`, 1)}, "", 56},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary, err := Merge(kept(t, test.parts))
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("the error is %v, not %q", err, test.says)
			}
			if summary.Requests != test.counted {
				t.Errorf("%d requests are counted, not %d", summary.Requests, test.counted)
			}
		})
	}
}

func TestShardReadsIndexAndCount(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"0/1": "", "7/8": "", "": "such as 0/8", "1": "such as 0/8", "a/8": "such as 0/8", "1/b": "such as 0/8",
		"8/8": "from 0 to 7", "-1/8": "from 0 to 7", "0/0": "from 1 to", "0/10001": "from 1 to",
	} {
		shard, err := ParseShard(text)
		switch {
		case says == "" && (err != nil || shard.String() != text):
			t.Errorf("%q: %v, %v", text, shard, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%q: the error is %v, not %q", text, err, says)
		}
	}
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"version":1,"classes":{"denied":{"count":1,"examples":[{"file":"a","line":1}]}},"shard":{"index":0,"count":2,"files":1}}`))
	f.Add([]byte(`{"version":1,"classes":{"denied":null},"shard":{"index":-1,"count":1000000000}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "part.json")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		sources, err := Sources([]string{file, file}, nil)
		if err != nil {
			t.Fatal(err)
		}
		summary, err := Merge(sources)
		if summary == nil {
			t.Fatal(err)
		}
		if err := summary.Text(&bytes.Buffer{}); err != nil {
			t.Error(err)
		}
	})
}
