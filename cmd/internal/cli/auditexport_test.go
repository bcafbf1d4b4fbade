package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exported are parts of exports.
const (
	exportedSet = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec: {replicas: 1, serviceName: db, template: {metadata: {labels: {app: db}}}}
---
`
	exportedService = `apiVersion: v1
kind: Service
metadata: {name: other, namespace: data}
spec: {clusterIP: None}
---
`
	missingService = `Service "db" does not exist in namespace data`
)

func writeExport(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "there.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// audited is what a test reads of a JSON report.
type audited struct {
	Summary struct {
		Objects int
		Since   struct{ New, Gone, Still, Unjudged int }
	}
	Findings []struct{ Rule, What, Field string }
	Problems []struct {
		Line    int
		Message string
	}
}

func auditJSON(t *testing.T, arguments ...string) (read audited, text string, code int) {
	t.Helper()
	text, _, code = run(t, "", append([]string{"audit", "-o", "json"}, arguments...)...)
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return read, text, code
}

func TestAuditJudgesAnObjectOnce(t *testing.T) {
	t.Parallel()
	once, _, _ := auditJSON(t, "--data", writeExport(t, exportedSet+exportedService))
	twice, _, code := auditJSON(t, "--data", writeExport(t, exportedSet+exportedService+exportedService+exportedSet))
	if diff := cmp.Diff(once, twice); diff != "" || code != 1 {
		t.Errorf("exit code %d, report (-once +twice):\n%s", code, diff)
	}
	later := strings.Replace(exportedSet, "serviceName: db", "serviceName: other", 1)
	differs, _, code := auditJSON(t, "--data", writeExport(t, exportedSet+exportedService+later))
	want := "this one is judged; an export must be of one cluster at one time"
	if code != 1 && code != 0 || len(differs.Problems) != 1 || differs.Problems[0].Line != 11 || !strings.HasSuffix(differs.Problems[0].Message, want) {
		t.Errorf("exit code %d, problems %v", code, differs.Problems)
	}
	for _, each := range differs.Findings {
		if each.What == missingService {
			t.Error("the earlier copy is judged too")
		}
	}
}

func TestAuditJudgesTheRestOfAnExport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		broken, message string
		line            int
		// isAbsent says that an object which is not there is known not to exist.
		isAbsent bool
	}{
		"a label that is no text":      {"apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {a: 1}}\n", "this Service cannot be read: metadata.labels: the JSON type number is not allowed here", 11, false},
		"an object without a name":     {"apiVersion: v1\nkind: Service\nspec: {}\n", "this Service cannot be read: metadata.name is empty: every object that exists has a name", 11, false},
		"an object of another kind":    {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, ownerReferences: {}}\n", "this Pod cannot be read: metadata.ownerReferences: the JSON type object is not allowed here", 11, true},
		"metadata of the wrong type":   {"apiVersion: v1\nkind: Service\nmetadata: [1]\n", "metadata must be an object, not a list", 13, false},
		"a document that is no object": {"- 1\n", "this is a list, not an object with apiVersion and kind", 11, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, text, code := auditJSON(t, "--data", writeExport(t, exportedSet+exportedService+test.broken))
			if code != 2 || len(read.Problems) != 1 || read.Problems[0].Message != test.message || read.Problems[0].Line != test.line || read.Summary.Objects == 0 {
				t.Errorf("exit code %d: %s", code, text)
			}
			isAbsent := false
			for _, each := range read.Findings {
				isAbsent = isAbsent || each.What == missingService
			}
			if isAbsent != test.isAbsent {
				t.Errorf("a missing Service is reported: %t", isAbsent)
			}
		})
	}
}

func TestAuditRejectsWhatHoldsNoObject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "apiVersion: v1\nkind: List\nitems: []\n", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"} {
		_, stderr, code := run(t, "", "audit", "--data", writeExport(t, text))
		if code != 2 || !strings.Contains(stderr, "read --data: it holds no object of a kind that rules check or look up") {
			t.Errorf("%q: exit code %d, stderr %q", text, code, stderr)
		}
	}
	stdout, _, code := run(t, "", "audit", "--data", there, "-n", "data,dta")
	if code != 2 || !strings.Contains(stdout, `note: nothing was read of namespace "dta": check the name after -n`) {
		t.Errorf("exit code %d, stdout:\n%s", code, stdout)
	}
	_, stderr, code := run(t, "", "audit", "--data", there, "--max-file-size", "10")
	if code != 2 || !strings.Contains(stderr, "--max-file-size") || strings.Contains(stderr, "--max-total-size") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestAuditSinceComparesWhatIsJudgedAgain(t *testing.T) {
	t.Parallel()
	_, earlier, _ := auditJSON(t, "--data", writeExport(t, exportedSet+exportedService))
	since := writeExport(t, earlier)
	tests := map[string]struct {
		text      string
		arguments []string
		isGone    bool
	}{
		"nothing changed":             {exportedSet + exportedService, nil, false},
		"the Service is there":        {exportedSet + strings.Replace(exportedService, "other", "db", 1), nil, true},
		"the set is deleted":          {strings.Replace(exportedSet, "name: db", "name: web", 1) + exportedService, nil, true},
		"another namespace":           {exportedSet + exportedService + strings.ReplaceAll(exportedService, "data", "web"), []string{"-n", "web"}, false},
		"other labels":                {exportedSet + exportedService, []string{"-l", "app=web"}, false},
		"Services are not exported":   {exportedSet, nil, false},
		"the set cannot be read":      {strings.Replace(exportedSet, "name: db", "labels: 1, name: db", 1) + exportedService, nil, false},
		"the set cannot be evaluated": {strings.Replace(exportedSet, "replicas: 1", "replicas: many", 1) + exportedService, nil, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, _, _ := run(t, "", append([]string{"audit", "--data", writeExport(t, test.text), "--since", since}, test.arguments...)...)
			_, gone, _ := strings.Cut(stdout, "\ngone since")
			if isGone := strings.Contains(gone, "data/StatefulSet db: headless-service"); isGone != test.isGone {
				t.Errorf("gone: %t\n%s", isGone, stdout)
			}
		})
	}
}
