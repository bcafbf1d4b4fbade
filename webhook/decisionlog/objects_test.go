package decisionlog_test

import (
	"testing"

	"github.com/stateward/stateward/webhook/decisionlog"
)

// TestObjectsDoNotTrustDigests reads two objects of one digest, as a damaged log may have them.
func TestObjectsDoNotTrustDigests(t *testing.T) {
	t.Parallel()
	objects := decisionlog.NewObjects()
	for _, object := range []string{`{"a": 1}`, `{"a": 2}`, `{"a": 2}`} {
		line := `{"schema":"` + decisionlog.Schema + `","type":"decision","path":"validate","error":"none","input":{"request":{"uid":"1","operation":"UPDATE"}},` +
			`"reads":[{"path":["statefulsets","default","web"],"object":"sha256:1"}],"objects":{"sha256:1":` + object + `}}`
		record, err := decisionlog.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		got, err := objects.NewInventory(record, true).Get(t.Context(), "statefulsets", "default", "web")
		if err != nil || got.String() != object {
			t.Errorf("got %v, %v instead of %s", got, err, object)
		}
	}
}
