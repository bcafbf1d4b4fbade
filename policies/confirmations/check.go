package confirmations

import (
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Longest is how long a Confirmation may count.
const Longest = time.Hour

// Check says what is wrong with a Confirmation that a user creates now, beyond what the schema of its CRD can say. Each
// mistake is an *v1alpha1.FieldError in the joined error.
func (c *Confirmation) Check(library *policies.Library, user string, now time.Time) error {
	return errors.Join(
		at(c.Spec.checkUntil(now), "until"),
		at(c.Spec.checkAuthor(user), "confirmedBy"),
		c.Spec.checkRules(library),
		v1alpha1.CheckSubjects(c.Spec.Subjects, "spec", "subjects"),
	)
}

func (s Spec) checkUntil(now time.Time) error {
	until, err := time.Parse(time.RFC3339, s.Until)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a time such as 2027-01-31T12:00:00Z (RFC 3339)", s.Until)
	case !until.After(now):
		return fmt.Errorf("%s is in the past: choose a time within the next hour", s.Until)
	case until.Sub(now) > Longest:
		return fmt.Errorf("%s is more than an hour away: choose a time within the next hour", s.Until)
	}
	return nil
}

func (s Spec) checkAuthor(user string) error {
	switch s.ConfirmedBy {
	case user:
		return nil
	case "":
		return errors.New("is empty: Stateward's mutating webhook did not answer; see that `stateward serve` runs and is registered")
	default:
		return fmt.Errorf("is %q, but %q creates this Confirmation: leave the field out, Stateward writes it", s.ConfirmedBy, user)
	}
}

func (s Spec) checkRules(library *policies.Library) error {
	var found []error
	for index, id := range s.Rules {
		rule, known := library.Rule(id)
		switch {
		case !known:
			found = append(found, at(v1alpha1.UnknownRule(id, library), "rules", index))
		case !rule.Confirm:
			found = append(found, at(fmt.Errorf("what rule %s denies cannot be confirmed: remove it", id), "rules", index))
		}
	}
	return errors.Join(found...)
}

// at puts a mistake at a field of the spec.
func at(err error, path ...any) error {
	if err == nil {
		return nil
	}
	return &v1alpha1.FieldError{Path: append([]any{"spec"}, path...), Err: err}
}
