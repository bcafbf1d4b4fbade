package webpage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stateward/stateward/cmd/internal/webpage"
)

func TestContentSecurityPolicyMatchesThePage(t *testing.T) {
	t.Parallel()
	for name, sheet := range map[string]webpage.Sheet{
		"with a script":    {Style: "b { color: red; }", Script: "alert('<&>')"},
		"without a script": {Style: "b { color: red; }"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sheet.Title = "a <title>"
			var written strings.Builder
			if err := sheet.Write(&written); err != nil {
				t.Fatal(err)
			}
			page := written.String()
			policy := html.UnescapeString(between(t, page, `Security-Policy" content="`, `"`))
			want := "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " + hash(between(t, page, "<style>", "</style>"))
			if sheet.Script != "" {
				want += "; script-src " + hash(between(t, page, "<script>", "</script>"))
			}
			if policy != want {
				t.Errorf("policy %s, not %s", policy, want)
			}
			if !strings.Contains(page, "<title>a &lt;title&gt;</title>") {
				t.Errorf("the title is not escaped:\n%s", page)
			}
		})
	}
}

func between(t *testing.T, page, before, after string) string {
	t.Helper()
	found := regexp.MustCompile("(?s)" + regexp.QuoteMeta(before) + "(.*?)" + regexp.QuoteMeta(after)).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no %s in\n%s", before, page)
	}
	return found[1]
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
