package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// laughs is the classic bomb: every level names the one before ten times.
func laughs(levels int) string {
	var b strings.Builder
	b.WriteString("l0: &l0 x\n")
	for i := 1; i <= levels; i++ {
		alias := fmt.Sprintf("*l%d,", i-1)
		fmt.Fprintf(&b, "l%d: &l%d [%s]\n", i, i, strings.Repeat(alias, 10))
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string {
		return "apiVersion: v1\nkind: A\na: " + strings.Repeat("[", levels) + strings.Repeat("]", levels)
	}
	tests := map[string]struct {
		data string
		opts Options
		want []string
	}{
		"99 levels below the object are fine": {data: nested(99)},
		"100 levels below the object are too many": {
			data: nested(100),
			want: []string{"f:3:103: nested more than 100 levels deep; make the document flatter"},
		},
		"JSON has the same limit": {
			data: strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101),
			want: []string{"f:1:501: nested more than 100 levels deep; make the document flatter"},
		},
		"brackets without end do not end the program": {
			data: strings.Repeat("[", 100_000),
			want: []string{"f:1:1: invalid YAML: exceeded max depth of 10000"},
		},
		"aliases cannot go deeper than the limit": {
			data: "a: &a [[[1]]]\nb: &b [[[*a]]]\n",
			opts: Options{MaxDepth: 5},
			want: []string{"f:2:10: nested more than 5 levels deep; make the document flatter"},
		},
		"aliases of aliases are bounded": {
			data: laughs(9),
			want: []string{"f:7:18: the aliases of this document expand to too much; write out the value of *l5"},
		},
		"aliases of a long text are bounded": {
			data: "a: &a " + strings.Repeat("x", 60) + "\nb: [*a, *a]\n",
			opts: Options{MaxBytes: 100},
			want: []string{"f:2:9: the aliases of this document expand to too much; write out the value of *a"},
		},
		"a file above the limit": {
			data: "a: 1\n",
			opts: Options{MaxBytes: 4},
			want: []string{"f: the file is larger than 4 bytes; split it"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f", []byte(test.data), test.opts)
			if diff := cmp.Diff(test.want, messages(err)); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsOfOneDocumentAreBounded(t *testing.T) {
	t.Parallel()
	_, err := Parse("f", []byte(strings.Repeat("a: 1\n", 1000)), Options{})
	got := messages(err)
	want := "f:102:1: too many errors, the rest of this document is not reported"
	if len(got) != 101 || got[100] != want {
		t.Errorf("got %d errors, the last is %q", len(got), got[len(got)-1])
	}
}
