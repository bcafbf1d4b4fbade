package baseline

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

const (
	someObject  = "0123456789012345678901234567890123456789"
	otherObject = "abcdefabcdabcdefabcdabcdefabcdabcdefabcd"
)

// FuzzBatch holds that what is read from git is what git wrote, and nothing else is taken for it.
func FuzzBatch(f *testing.F) {
	for _, stream := range []string{
		someObject + " blob 3\nabc\n" + otherObject + " blob 0\n\n",
		someObject + " blob 3\nabc\n" + otherObject + " missing\n",
		someObject + " blob 9\nabc\n", someObject + " blob 12345678901234567890\nabc\n", someObject + " blob -1\n",
		otherObject + " blob 3\nabc\n", someObject + " tree 3\nabc\n", strings.Repeat("x", 300), "",
	} {
		f.Add([]byte(stream), int64(2))
	}
	files := []entry{{mode: "100644", object: someObject, path: "a.yaml"}, {mode: "100644", object: otherObject, path: "b.yaml"}}
	f.Fuzz(func(t *testing.T, stream []byte, limit int64) {
		limit = max(0, min(limit, 1<<20))
		from := bytes.NewReader(stream)
		buffered := bufio.NewReader(from)
		blobs, err := parseBatch(buffered, files, limit)
		if err != nil {
			return
		}
		rest, err := io.ReadAll(buffered)
		if err != nil {
			t.Fatal(err)
		}
		read := stream[:len(stream)-len(rest)]
		for _, blob := range blobs {
			var size int
			if _, err := fmt.Sscanf(string(read), blob.entry.object+" blob %d\n", &size); err != nil {
				t.Fatalf("%s: read %q from %q", blob.entry.path, blob.data, read)
			}
			_, content, _ := bytes.Cut(read, []byte("\n"))
			if want := content[:min(int64(size), limit+1)]; !bytes.Equal(want, blob.data) || content[size] != '\n' {
				t.Errorf("%s is %q, git wrote %q", blob.entry.path, blob.data, content[:size])
			}
			read = content[size+1:]
		}
		if len(read) > 0 {
			t.Errorf("%q belongs to no file", read)
		}
	})
}

// FuzzEntries holds that a list of files reads the same when it is written again.
func FuzzEntries(f *testing.F) {
	for _, list := range []string{
		"", "\x00", "100644 blob " + someObject + "\ta b\tc\n.yaml\x00", "160000 commit " + someObject + "\td\x00120000 blob " + otherObject + "\te\x00",
		"100644 blob x\ta\x00", "100644 blob " + someObject + "\t\x00", "100644 blob " + someObject + " 7\ta\x00",
	} {
		f.Add([]byte(list))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		entries, err := parseEntries(list)
		if err != nil {
			return
		}
		var again []string
		for _, entry := range entries {
			again = append(again, entry.object+"\t"+entry.path)
		}
		var want []string
		for line := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
			head, name, _ := strings.Cut(line, "\t")
			if len(list) > 0 {
				want = append(want, head[strings.LastIndex(head, " ")+1:]+"\t"+name)
			}
		}
		if strings.Join(again, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q became %q", want, again)
		}
	})
}

// FuzzServerFieldsAreRemovedOnce holds that leaving them out twice leaves out no more than once.
func FuzzServerFieldsAreRemovedOnce(f *testing.F) {
	for _, raw := range []string{
		`{"kind":"Pod","metadata":{"name":"a","uid":"b"},"status":{}}`, `{"metadata":null}`, `{"metadata":[1]}`, `{"Status":1}`, `[]`, `{}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := withoutServerFields(raw)
		if err != nil {
			return
		}
		twice, err := withoutServerFields(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s became %s, then %s: %v", raw, once, twice, err)
		}
	})
}
