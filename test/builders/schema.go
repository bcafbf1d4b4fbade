package builders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
)

// Schema returns a check of JSON texts against a JSON Schema, which OPA does.
func Schema(t testing.TB, schema []byte) func(page string) error {
	t.Helper()
	prepared, err := rego.New(rego.Query("json.match_schema(input.page, input.schema)"), rego.StrictBuiltinErrors(true)).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return func(page string) error {
		results, err := prepared.Eval(context.Background(), rego.EvalInput(map[string]any{"page": page, "schema": string(schema)}))
		if err != nil {
			return err
		}
		if len(results) == 0 {
			return errors.New("no result")
		}
		answer, _ := results[0].Expressions[0].Value.([]any)
		if len(answer) == 2 && answer[0] == true {
			return nil
		}
		encoded, err := json.Marshal(answer)
		return errors.Join(fmt.Errorf("does not match its schema: %s", encoded), err)
	}
}
