package tour

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPrinterWrapsAtItsWidth(t *testing.T) {
	t.Parallel()
	patch := `kubectl patch sts web -p '{"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}'`
	for name, test := range map[string]struct {
		print func(printer)
		want  string
	}{
		"a long word is broken after a comma": {
			print: func(p printer) { p.line(command, "", "$ "+patch) },
			want: "$ kubectl patch sts web -p\n" +
				`  '{"spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate",` + "\n" +
				`  "rollingUpdate":{"partition":2}}}}'` + "\n",
		},
		"a row of a table is cut and keeps its columns": {
			print: func(p printer) {
				p.show("NAME   STATUS   VOLUME" + strings.Repeat(" ", 80) + "AGE\nweb    Bound    pvc\n")
			},
			want: "  NAME   STATUS   VOLUME" + strings.Repeat(" ", 73) + "…\n  web    Bound    pvc\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			test.print(printer{out: &out})
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			for line := range strings.Lines(out.String()) {
				if columns := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns > Width {
					t.Errorf("%d columns: %s", columns, line)
				}
			}
		})
	}
}
