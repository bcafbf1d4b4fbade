// Package assembly puts together in Go what all findings have in common: the functions of policies/lib/result.rego and
// policies/lib/config.rego that take the most time. They say the same as those in Rego, which conftest and OPA run, and leave
// what is rare to those: tests hold the two together for all examples, and a fuzz test for what rules may say.
package assembly

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Calls calls a function of Rego by its path; nil if it is undefined.
type Calls = func(path string, args ...lazy.Value) lazy.Value

// Function is a function of Rego in Go. If it is not done, Rego's own must run.
type Function = func(call Calls, args []lazy.Value) (value lazy.Value, done bool)

// The packages of the library whose functions are carried out or called here.
const (
	config       = "data.stateward.lib.config."
	result       = "data.stateward.lib.result."
	scope        = "data.stateward.lib.scope."
	confirmation = "data.stateward.lib.confirmation."
)

// Packages are those of the library that this package repeats. It must not be used with other versions of them.
func Packages() []string {
	return []string{"data.stateward.lib.config", "data.stateward.lib.confirmation", "data.stateward.lib.result", "data.stateward.lib.router", "data.stateward.lib.scope"}
}

// Assembly puts findings together under one set of Guardrails. It is safe for concurrent use.
type Assembly struct {
	settings settings
	keys     map[string]*ast.Term
}

// New takes the Guardrails as rules see them at the root of data.
func New(guardrails ast.Value) *Assembly {
	made := &Assembly{settings: settingsOf(lazy.OfValue(guardrails)), keys: map[string]*ast.Term{}}
	for _, key := range []string{
		"action", "advice", "aliases", "annotations", "channel", "confirm", "confirmation", "confirmed", "custom",
		"data_loss", "dataLoss", "dated", "default", "exception", "existing", "field", "fields", "fix", "id", "kind",
		"msg", "name", "names", "namespace", "object", "old", "operation", "others", "outside", "package", "params",
		"patch", "path", "profile", "rule", "scope", "scoped", "severity", "silent", "touched", "what",
	} {
		made.keys[key] = ast.StringTerm(key)
	}
	return made
}

// Functions are those of Rego that are carried out here, by their paths.
func (a *Assembly) Functions() map[string]Function {
	return map[string]Function{
		config + "level":     a.level,
		config + "param":     a.param,
		result + "advice":    a.advice,
		result + "field":     a.field,
		result + "mutation":  a.mutation,
		result + "violation": a.violation,
	}
}
