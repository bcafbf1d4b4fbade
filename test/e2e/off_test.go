package e2e_test

import "testing"

func TestRulesThatAreOffUntilGuardrailsSetThem(t *testing.T) {}
