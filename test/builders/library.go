package builders

import (
	"testing"

	"github.com/stateward/stateward/policies"
)

// Library returns the built-in rules.
func Library(t testing.TB) *policies.Library {
	t.Helper()
	library, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return library
}
