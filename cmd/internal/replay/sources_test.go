package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/stateward/stateward/test/decisions"
)

// found is what a verification finds in a log: decisions, lines that are no records, and problems.
type found struct {
	Same, Torn, Foreign int
	Problems            []string
}

func verified(t *testing.T, log []byte) found {
	t.Helper()
	summary := replay(t, log, Options{Verify: true})
	made := found{Same: summary.Count(Same), Torn: summary.Torn, Foreign: summary.Foreign}
	for _, problem := range summary.Problems {
		made.Problems = append(made.Problems, fmt.Sprintf("%d: %s", problem.Line, problem.Text))
	}
	return made
}

func TestReplayReadsOddFiles(t *testing.T) {
	t.Parallel()
	log := decisions.Log(t, all)
	lines := bytes.SplitAfter(log, []byte("\n"))
	newer := bytes.TrimSpace(bytes.Replace(lines[14], []byte("decision-log/v1"), []byte("decision-log/v2"), 1))
	gzipped := packed(t, log, func(out io.Writer) io.WriteCloser { return gzip.NewWriter(out) })
	const command = " FILE | stateward replay -`"
	for name, test := range map[string]struct {
		log  []byte
		want found
	}{
		"a byte order mark":               {joined(mark, log), found{Same: 14}},
		"a compressed byte order mark":    {packed(t, joined(mark, log), func(out io.Writer) io.WriteCloser { return gzip.NewWriter(out) }), found{Same: 14}},
		"CRLF":                            {bytes.ReplaceAll(log, []byte("\n"), []byte("\r\n")), found{Same: 14}},
		"only a byte order mark":          {mark, found{}},
		"one byte":                        {[]byte("{"), found{Torn: 1, Problems: []string{"1: it is not a JSON object: it ends too early or is damaged"}}},
		"UTF-16":                          {wide(log), found{Problems: []string{"1: it is UTF-16, and JSON lines are UTF-8: give it as `iconv -f UTF-16 -t UTF-8" + command}}},
		"xz":                              {[]byte("\xfd7zXZ\x00rest"), found{Problems: []string{"1: it is compressed as xz, and replay reads gzip and zstd: give it as `xz -dc" + command}}},
		"bzip2":                           {[]byte("BZh91AY"), found{Problems: []string{"1: it is compressed as bzip2, and replay reads gzip and zstd: give it as `bzip2 -dc" + command}}},
		"gzip in two parts":               {joined(gzipped, gzipped), found{Same: 28}},
		"zstd in two parts":               {joined(zstandard(t, log), zstandard(t, log)), found{Same: 28}},
		"zstd behind a skippable frame":   {joined([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"), zstandard(t, log)), found{Same: 14}},
		"a line that is too long":         {joined(lines[0], lines[1], bytes.Repeat([]byte("x"), longestLine+1), []byte("\n"), joined(lines[2:]...)), found{Same: 14, Problems: []string{"3: the line is longer than 64 MiB"}}},
		"a last line that is too long":    {joined(log, bytes.Repeat([]byte("x"), longestLine+1)), found{Same: 14, Problems: []string{"16: the line is longer than 64 MiB"}}},
		"a record behind a torn one":      {joined(lines[0], lines[1], lines[2][:500], joined(lines[2:]...)), found{Same: 14, Problems: []string{"3: it is not a JSON object: it ends too early or is damaged"}}},
		"Guardrails behind a torn record": {joined(lines[2][:500], log), found{Same: 14, Problems: []string{"1: it is not a JSON object: it ends too early or is damaged"}}},
		"records without line breaks":     {bytes.ReplaceAll(log, []byte("\n"), nil), found{Same: 14}},
		"a torn record of other fields":   {joined([]byte(`{"kubernetes":{},"schema":`), log), found{Same: 14, Problems: []string{"1: it is not a JSON object: it ends too early or is damaged"}}},
		"names of pods before each line":  {bytes.ReplaceAll(log, []byte(`{"schema"`), []byte(`[pod/stateward-0/stateward] {"schema"`)), found{Same: 14}},
		"a last record of a newer schema": {joined(joined(lines[:14]...), newer), found{Same: 13, Problems: []string{
			"15: the record has schema stateward.dev/decision-log/v2, and this version of Stateward reads stateward.dev/decision-log/v1: use a newer stateward",
		}}},
		"a last record without its line break": {bytes.TrimSpace(log), found{Same: 14}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, verified(t, test.log)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

var mark = []byte{0xef, 0xbb, 0xbf}

// joined joins parts of a log.
func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func zstandard(t *testing.T, text []byte) []byte {
	t.Helper()
	return packed(t, text, func(out io.Writer) io.WriteCloser {
		encoder, err := zstd.NewWriter(out)
		if err != nil {
			t.Fatal(err)
		}
		return encoder
	})
}

// wide is a text in UTF-16 with its mark.
func wide(text []byte) []byte {
	made := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		made = append(made, byte(unit), byte(unit>>8))
	}
	return made
}

func TestReplayKnowsGuardrailsBehindFieldsOfACollector(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	for line := range bytes.Lines(bytes.Repeat(decisions.Log(t, all), 20)) {
		fmt.Fprintf(&log, `{"kubernetes":{"pod":"%s"},%s`, strings.Repeat("p", 300), line[1:])
	}
	if diff := cmp.Diff(found{Same: 280}, verified(t, log.Bytes())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for line, want := range map[string]bool{
		`{"kubernetes":{"pod":"` + strings.Repeat("p", 300) + `"},"schema":"stateward.dev/decision-log/v1","type":"guardrails"}`: true,
		`{"bundles":{"guardrails":{"revision":"` + strings.Repeat("p", 300) + `"}},"decision_id":"a"}`:                           false,
	} {
		if got := isGuardrails([]byte(line)); got != want {
			t.Errorf("%t for %s", got, line)
		}
	}
}

func TestReplayCutsLongProblems(t *testing.T) {
	t.Parallel()
	record, err := json.Marshal(map[string]string{"schema": "stateward.dev/decision-log/v1", "type": strings.Repeat("x", 1<<20)})
	if err != nil {
		t.Fatal(err)
	}
	if got := verified(t, record).Problems; len(got) != 1 || len(got[0]) > 2*longestDetail {
		t.Errorf("%d problems of %d bytes", len(got), len(got[0]))
	}
}

func TestSourcesReadsEachFileOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for _, name := range []string{"logs/a.jsonl", "logs/below/b.jsonl", "logs/packed.jsonl", "logs/packed.jsonl.gz", "logs/packed.jsonl.zst", "logs/old.gz", "elsewhere/c.jsonl"} {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"logs/below/loop": at("logs"), "logs/link.jsonl": at("elsewhere/c.jsonl"), "logs/twice.jsonl": at("logs/a.jsonl"),
		"logs/z-folder": at("elsewhere"), "logs/z-none": at("none"),
	} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	whole := []string{"logs/a.jsonl", "logs/below/b.jsonl", "logs/link.jsonl", "logs/old.gz", "logs/packed.jsonl", "logs/z-none"}
	for name, test := range map[string]struct{ paths, want []string }{
		"a folder":               {[]string{"logs"}, whole},
		"a folder twice":         {[]string{"logs", "logs/../logs", "logs/below/loop"}, whole},
		"a file in its folder":   {[]string{"logs/below/b.jsonl", "logs"}, append([]string{"logs/below/b.jsonl", "logs/a.jsonl"}, whole[2:]...)},
		"a file and its link":    {[]string{"logs/a.jsonl", "logs/twice.jsonl", "logs/../logs/a.jsonl"}, []string{"logs/a.jsonl"}},
		"names of a shell":       {[]string{"logs/packed.jsonl", "logs/packed.jsonl.gz"}, []string{"logs/packed.jsonl"}},
		"a packed file alone":    {[]string{"logs/packed.jsonl.gz"}, []string{"logs/packed.jsonl.gz"}},
		"a pattern and a folder": {[]string{"logs/*.gz", "elsewhere"}, []string{"logs/old.gz", "logs/packed.jsonl.gz", "elsewhere/c.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paths, got []string
			for _, path := range test.paths {
				paths = append(paths, folder+"/"+path)
			}
			sources, err := Sources(paths, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, source := range sources {
				got = append(got, strings.TrimPrefix(source.Name, folder+"/"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplayCountsWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.jsonl"), decisions.Log(t, all), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "none"), filepath.Join(folder, "b.jsonl")); err != nil {
		t.Fatal(err)
	}
	sources, err := Sources([]string{folder, "-"}, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	summary := ran(t, sources, denying(t))
	if summary.Requests != 14 || summary.Damaged != 1 || !strings.HasSuffix(summary.Problems[0].Text, "no such file or directory") {
		t.Errorf("%d requests, %+v", summary.Requests, summary.Problems)
	}
}
