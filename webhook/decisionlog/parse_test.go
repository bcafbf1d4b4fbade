package decisionlog_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stateward/stateward/webhook/decisionlog"
)

func TestParseNamesErrorsOfALine(t *testing.T) {
	t.Parallel()
	log := ask(t, newEngine(t, `{"mode":"All"}`), tutorial(t), request(t, reviews+"/04-image-patch.json"))
	line := string(bytes.Split(log, []byte("\n"))[1])
	beforeResult, _, _ := strings.Cut(line, `"result":`)
	for name, test := range map[string]struct{ line, want string }{
		"a torn line":         {line[:len(line)/2], "it is not a JSON object: it ends too early or is damaged"},
		"text":                {"E1123 panic", decisionlog.ErrOther.Error()},
		"two records in one":  {line + line, "it is not a JSON object: it ends too early or is damaged"},
		"a newer schema":      {strings.Replace(line, "decision-log/v1", "decision-log/v2", 1), "the record has schema stateward.dev/decision-log/v2, and this version of Stateward reads stateward.dev/decision-log/v1: use a newer stateward"},
		"an unknown type":     {strings.Replace(line, `"type":"decision"`, `"type":"audit"`, 1), `the record has the unknown type "audit"`},
		"an unknown path":     {strings.Replace(line, `"path":"validate"`, `"path":"convert"`, 1), `the record has the unknown path "convert"`},
		"no result":           {strings.Replace(line, `"result":`, `"former":`, 1), "the record has neither a result nor an error"},
		"a null result":       {beforeResult + `"result":null` + line[strings.LastIndex(line, `,"objects":`):], "the record has a result that is not an object"},
		"no objects":          {strings.Replace(line, `"objects":{"sha`, `"things":{"sha`, 1), "the record has no object sha256:"},
		"a wrong type":        {strings.Replace(line, `"timestamp":"`, `"timestamp":"never`, 1), "it cannot be read: "},
		"of another program":  {`{"level":"INFO","msg":"in force"}`, decisionlog.ErrOther.Error()},
		"another field there": {`{"schema":7}`, decisionlog.ErrOther.Error()},
		"no Guardrails":       {`{"schema":"stateward.dev/decision-log/v1","type":"guardrails"}`, "the record of Guardrails has no revision or no guardrails"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := decisionlog.Parse([]byte(test.line)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v instead of %s", err, test.want)
			}
		})
	}
}

// FuzzParse proves that no line makes the parser panic, or what evaluates a record that it returns.
func FuzzParse(f *testing.F) {
	decider := newEngine(f, masks)
	for _, asked := range recorded(f) {
		for line := range bytes.Lines(ask(f, decider, tutorial(f), asked)) {
			f.Add(line)
		}
	}
	for _, line := range []string{"", "{}", "null", `{"schema":"stateward.dev/decision-log/v1"}`, `{"a":"\`, `{"result":`, "{\"\\u0073chema\":1}"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		record, err := decisionlog.Parse(line)
		if err != nil {
			return
		}
		if record.IsGuardrails() {
			return
		}
		read, err := decider.Prepare(record.EngineRequest())
		if err != nil {
			return
		}
		decision, err := decider.Evaluate(t.Context(), read, decisionlog.NewObjects().NewInventory(record, false))
		if err != nil {
			return
		}
		if _, err := json.Marshal(decision); err != nil {
			t.Error(err)
		}
	})
}
