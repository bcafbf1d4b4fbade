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
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/decisions"
)

func guardrails(t testing.TB, library *policies.Library, spec string) *v1alpha1.Guardrails {
	t.Helper()
	parsed, err := v1alpha1.ParseGuardrails([]byte(`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},"spec":`+spec+`}`), library)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func replay(t testing.TB, log []byte, options Options) *Summary {
	t.Helper()
	if options.Library == nil {
		options.Library = builders.Library(t)
	}
	sources, err := Sources([]string{"-"}, bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	summary, err := Run(t.Context(), sources, options)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// counts are the sizes of the classes.
func counts(summary *Summary) map[Class]int {
	found := map[Class]int{}
	for class, group := range summary.Classes {
		found[class] = group.Count
	}
	return found
}

const all = `{"decisionLog":{"mode":"All"}}`

func TestVerifyFindsTheSameDecisions(t *testing.T) {
	t.Parallel()
	summary := replay(t, decisions.Log(t, all), Options{Verify: true})
	if summary.Requests != 14 || summary.Count(Same) != 14 || summary.Fails() || summary.Headline() != "of 14 decisions, 14 are the same byte for byte: 100 %" {
		t.Errorf("%s: %v", summary.Headline(), summary.Classes)
	}
}

func TestVerifyReadsLogsRewrittenByACollector(t *testing.T) {
	t.Parallel()
	var rewritten bytes.Buffer
	for line := range bytes.Lines(decisions.Log(t, all)) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(&rewritten).Encode(record); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[Class]int{Same: 14}, counts(replay(t, rewritten.Bytes(), Options{Verify: true}))); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func TestVerifyFindsAnotherDecision(t *testing.T) {
	t.Parallel()
	log := bytes.Replace(decisions.Log(t, all), []byte(`"allowed":false`), []byte(`"allowed":true`), 1)
	summary := replay(t, log, Options{Verify: true})
	if summary.Count(Different) != 1 || !summary.Fails() || !strings.HasSuffix(summary.Headline(), "13 are the same byte for byte: 92.85 %") {
		t.Errorf("%s: %v", summary.Headline(), counts(summary))
	}
}

func TestVerifyNamesMissingInputs(t *testing.T) {
	t.Parallel()
	log := decisions.Log(t, all)
	_, decisions, _ := bytes.Cut(log, []byte("\n"))
	own, err := builders.Library(t).Extend(fstest.MapFS{"a.rego": {Data: []byte(ownRule)}}, "own")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		log  []byte
		with Options
		want string
	}{
		"the Guardrails":   {decisions, Options{Verify: true}, "the log does not hold Guardrails"},
		"the rules":        {log, Options{Verify: true, Library: own}, "decided by rule library"},
		"whole Guardrails": {bytes.Replace(log, []byte(`"mode":"All"`), []byte(`"mode":"Off"`), 1), Options{Verify: true}, "are damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary := replay(t, test.log, test.with)
			group := summary.Group(Unverified)
			if group.Count != 14 || !summary.Fails() || !strings.Contains(group.Examples[0].Details[0], test.want) {
				t.Errorf("%v: %+v", counts(summary), group.Examples)
			}
		})
	}
}

func TestReplayShowsWhatOtherGuardrailsChange(t *testing.T) {
	t.Parallel()
	library, log := builders.Library(t), decisions.Log(t, all)
	for name, test := range map[string]struct {
		spec string
		want map[Class]int
	}{
		"nothing":       {`{}`, map[Class]int{Same: 14}},
		"a rule is off": {`{"rules":[{"id":"cascade-delete","action":"off"}]}`, nil},
		"strict":        {`{"profile":"strict"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary := replay(t, log, Options{Guardrails: guardrails(t, library, test.spec)})
			if test.want != nil {
				if diff := cmp.Diff(test.want, counts(summary)); diff != "" {
					t.Errorf("decisions (-want +got):\n%s", diff)
				}
			}
			// What other Guardrails change is what they decide of the same requests.
			if got, want := summary.Count(Denied), deniedOnly(t, test.spec, `{}`); got != want {
				t.Errorf("%d would be denied, and %d are", got, want)
			}
			if got, want := summary.Count(Allowed), deniedOnly(t, `{}`, test.spec); got != want {
				t.Errorf("%d would be allowed, and %d are", got, want)
			}
		})
	}
}

// deniedOnly is how many of the recorded requests some Guardrails deny, and others do not.
func deniedOnly(t *testing.T, some, others string) (count int) {
	t.Helper()
	asked, inv := decisions.Requests(t)
	deny := func(spec string, request *admissionv1.AdmissionRequest) bool {
		review := engine.FromAdmission(request, decisions.Now())
		review.Phase = engine.ValidatingPhase
		decision, err := decisions.Engine(t, spec).Decide(t.Context(), review, inv)
		if err != nil {
			t.Fatal(err)
		}
		return !decision.Allowed
	}
	for _, each := range asked {
		if deny(some, each) && !deny(others, each) {
			count++
		}
	}
	return count
}

// ownRule denies all updates of one replica more, and those of sets with claims that no built-in rule looks up then.
const ownRule = `# METADATA
# title: Few claims
# description: A test.
# custom:
#   severity: deny
#   on:
#     statefulsets/scale: [UPDATE]
#     statefulsets: [CREATE, UPDATE]
#   reads: [persistentvolumes]
#   fix: use fewer
#   since: v1
package stateward.custom.rules.own["few-claims"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {"path": ["spec", "replicas"], "what": "scaled"}) if {
	some entry in review.entries
	entry.subresource == "scale"
}

report contains result.violation(rego.metadata.chain(), entry, {"path": ["spec", "replicas"], "what": "bound"}) if {
	some entry in review.statefulsets
	data.cluster.persistentvolumes["pv-0"].status.phase == "Bound"
}
`

func TestReplayOfANewRuleReportsDeniedAndUndecided(t *testing.T) {
	t.Parallel()
	own, err := builders.Library(t).Extend(fstest.MapFS{"a.rego": {Data: []byte(ownRule)}}, "own")
	if err != nil {
		t.Fatal(err)
	}
	summary := replay(t, decisions.Log(t, all), Options{Library: own})
	denied, undecided := summary.Group(Denied), summary.Group(Undecided)
	if denied.Count == 0 || denied.Rules["few-claims"] != denied.Count || !strings.Contains(denied.Examples[0].Details[0], "scaled") {
		t.Errorf("denied: %+v", denied)
	}
	if undecided.Count == 0 || undecided.Rules["few-claims"] != undecided.Count ||
		undecided.Examples[0].Details[0] != "few-claims reads persistentvolumes, which the record does not hold" {
		t.Errorf("undecided: %+v", undecided)
	}
	if got := summary.Headline(); got != fmt.Sprintf("of 14 requests, %d would be denied now, by 1 rule, in 1 namespace", denied.Count) {
		t.Error(got)
	}
}

func TestReplayReadsEveryFormat(t *testing.T) {
	t.Parallel()
	log, folder := decisions.Log(t, all), t.TempDir()
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("plain.jsonl", log)
	write("below/packed.gz", packed(t, log, func(out io.Writer) io.WriteCloser { return gzip.NewWriter(out) }))
	// It is being compressed.
	write("below/half.log", log)
	write("below/half.log.gz", []byte{0x1f, 0x8b, 8})
	write("packed.zst", packed(t, log, func(out io.Writer) io.WriteCloser {
		encoder, err := zstd.NewWriter(out)
		if err != nil {
			t.Fatal(err)
		}
		return encoder
	}))
	for path, want := range map[string]int{
		folder: 4, folder + "/*.jsonl": 1, folder + "/**/*.gz": 1 + 0, folder + "/packed.zst": 1,
	} {
		sources, err := Sources([]string{path, path}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".gz") {
			sources = sources[1:]
		}
		summary, err := Run(t.Context(), sources, Options{Library: builders.Library(t), Verify: true})
		if err != nil || summary.Count(Same) != 14*want || summary.Damaged > 0 {
			t.Errorf("%s: %v, %v %v", path, err, counts(summary), summary.Problems)
		}
	}
	if _, err := Sources([]string{folder + "/none"}, nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
}

func packed(t *testing.T, text []byte, writer func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var out bytes.Buffer
	packing := writer(&out)
	if _, err := packing.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := packing.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReplaySkipsOnlyDamagedRecords(t *testing.T) {
	t.Parallel()
	log := decisions.Log(t, all)
	lines := bytes.SplitAfter(log, []byte("\n"))
	newer := bytes.Replace(lines[3], []byte("decision-log/v1"), []byte("decision-log/v2"), 1)
	broken := append(bytes.Repeat([]byte{' '}, 3), lines[4][:100]...)
	mixed := bytes.Join([][]byte{lines[0], []byte(`{"level":"INFO","msg":"in force"}` + "\n\n"), lines[1], newer, broken, []byte("\n"), lines[2], lines[5][:200]}, nil)
	summary := replay(t, mixed, Options{Verify: true})
	if summary.Count(Same) != 2 || summary.Damaged != 2 || summary.Torn != 1 || summary.Foreign != 1 {
		t.Errorf("%+v, %v", summary, counts(summary))
	}
	var got []string
	for _, problem := range summary.Problems {
		got = append(got, fmt.Sprintf("%s:%d: %s", problem.File, problem.Line, problem.Text))
	}
	if diff := cmp.Diff([]string{
		"standard input:5: the record has schema stateward.dev/decision-log/v2, and this version of Stateward reads stateward.dev/decision-log/v1: use a newer stateward",
		"standard input:6: it is not a JSON object: it ends too early or is damaged",
		"standard input:8: it is not a JSON object: it ends too early or is damaged",
	}, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestReplayReadsTheIntactPartOfABrokenGzip(t *testing.T) {
	t.Parallel()
	log := decisions.Log(t, all)
	whole := packed(t, bytes.Repeat(log, 50), func(out io.Writer) io.WriteCloser { return gzip.NewWriter(out) })
	summary := replay(t, whole[:len(whole)/2], Options{Verify: true})
	if summary.Damaged != 1 || summary.Count(Same) == 0 || !strings.Contains(summary.Problems[0].Text, "it is not readable gzip from here on") {
		t.Errorf("%v %v", counts(summary), summary.Problems)
	}
}

func TestReplayCountsMaskedDecisionsSeparately(t *testing.T) {
	t.Parallel()
	masked := `{"decisionLog":{"mode":"All","masks":["spec.template.spec.containers[*].image"]}}`
	summary := replay(t, decisions.Log(t, masked), Options{Verify: true})
	if summary.Count(Masked) == 0 || summary.Count(Same)+summary.Count(Masked) != 14 || summary.Fails() || !strings.HasSuffix(summary.Headline(), "100 %") {
		t.Errorf("%s %v", summary.Headline(), counts(summary))
	}
	if len(summary.Group(Masked).Examples) == 0 || len(summary.Group(Masked).Rules) == 0 {
		t.Errorf("masked decisions are not named: %+v", summary.Group(Masked))
	}
}

// scaledEvents is an audit log: a set is created, its partition set beyond its replicas, an apply of it is refused.
const scaledEvents = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"a","stage":"ResponseComplete","verb":"create","user":{"username":"alice"},"objectRef":{"resource":"statefulsets","namespace":"data","name":"web","apiGroup":"apps"},"responseStatus":{"code":201},"responseObject":{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"data","uid":"u","generation":1},"spec":{"serviceName":"web","replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx:1.27.4"}]}}}}}
{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"b","stage":"ResponseComplete","verb":"patch","user":{"username":"alice"},"objectRef":{"resource":"statefulsets","namespace":"data","name":"web","apiGroup":"apps"},"responseStatus":{"code":200},"responseObject":{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web","namespace":"data","uid":"u","generation":2},"spec":{"serviceName":"web","replicas":3,"selector":{"matchLabels":{"app":"web"}},"updateStrategy":{"rollingUpdate":{"partition":9}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"web","image":"nginx:1.27.4"}]}}}}}
{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"c","stage":"ResponseComplete","verb":"patch","user":{"username":"bob"},"objectRef":{"resource":"statefulsets","namespace":"data","name":"web","apiGroup":"apps"},"responseStatus":{"code":409}}
{"kind":"Event","apiVersion":"audit.k8s.io/v2"}
`

func TestReplayEvaluatesAnAuditLog(t *testing.T) {
	t.Parallel()
	given := guardrails(t, builders.Library(t), `{}`)
	for name, test := range map[string]struct {
		with Options
		want map[Class]int
		says string
	}{
		"under Guardrails":    {Options{Guardrails: given}, map[Class]int{Denied: 1, Undecided: 1}, "of 2 requests, 1 would be denied now, by 1 rule, in 1 namespace"},
		"under those of then": {Options{}, map[Class]int{Undecided: 2}, "an audit log holds no Guardrails: give them with --config"},
		"to verify it":        {Options{Verify: true}, map[Class]int{Unverified: 2}, "replay it without --verify"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			summary := replay(t, []byte(scaledEvents), test.with)
			if diff := cmp.Diff(test.want, counts(summary)); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
			var text bytes.Buffer
			if err := summary.Text(&text); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{
				test.says, "3 events of an API server's audit log, which does not hold the objects beside a request\n1 request left out, which the API server refused then\n",
				"standard input:4: the audit event is of audit.k8s.io/v2, and this version of Stateward reads audit.k8s.io/v1\n",
			} {
				if !strings.Contains(text.String(), want) {
					t.Errorf("no %q in\n%s", want, &text)
				}
			}
		})
	}
}
