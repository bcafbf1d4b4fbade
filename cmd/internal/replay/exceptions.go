package replay

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/cmd/internal/headline"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

const (
	// mostMatched is how many names a match of Guardrails holds.
	mostMatched = 100
	// ofException is how long an exception is made for: time to mend what needs it, and no more.
	ofException = 90 * day
	day         = 24 * time.Hour
)

// Exceptions let pass what would be denied now, until a date.
type Exceptions struct {
	List []v1alpha1.Exception
	// NotMade says what has no exception, and why.
	NotMade []string
}

// Exceptions are the narrowest for what would be denied now: each for the rules, the namespace, the names and the user. A
// rule about loss of data gets none: what it would deny is confirmed each time, or excepted by hand.
func (d *Denials) Exceptions(library *policies.Library, owner string, now time.Time) Exceptions {
	made := Exceptions{}
	covered := map[string]*cover{}
	for _, denial := range d.List {
		if why := noException(library, denial); why != "" {
			made.NotMade = append(made.NotMade, fmt.Sprintf("%s of %s that %s would deny: %s", headline.Number(denial.Count, "request"), printable(denial.User), denial.Rule, why))
			continue
		}
		// Rules that would deny the same objects are one exception.
		key := strings.Join(append([]string{denial.User, denial.Namespace}, denial.Names...), "\n")
		if covered[key] == nil {
			covered[key] = &cover{Denial: denial}
		}
		covered[key].add(denial)
	}
	for _, each := range sortedCovers(covered) {
		for names := range slices.Chunk(each.Names, mostMatched) {
			made.List = append(made.List, each.exception(names, owner, now))
		}
	}
	if d.LeftOut > 0 {
		made.NotMade = append(made.NotMade, fmt.Sprintf("%s on more than %s objects: replay fewer files, rules or namespaces at a time", headline.Number(d.LeftOut, "request"), headline.Thousands(mostDenied)))
	}
	return made
}

// Headline says how many there are and what is to be done with them.
func (e Exceptions) Headline() string {
	return fmt.Sprintf("%s added, each for %d days: review them before you apply the file", headline.Number(len(e.List), "exception"), ofException/day)
}

// matchable is what a name must be for a match to hold it and nothing else.
var matchable = regexp.MustCompile(`^[-.a-z0-9]+$`)

// noException says why what a rule would deny is not excepted.
func noException(library *policies.Library, denial Denial) string {
	rule, known := library.Rule(denial.Rule)
	switch {
	case known && rule.DataLoss:
		return "the rule is about loss of data, so each of them is confirmed when it is made"
	case denial.User == "" || strings.Contains(denial.User, "*") || v1alpha1.CheckSubjects([]v1alpha1.Subject{subject(denial.User)}) != nil:
		return fmt.Sprintf("user name %q cannot be matched", denial.User)
	case denial.Namespace != "" && !matchable.MatchString(denial.Namespace):
		return fmt.Sprintf("namespace %q cannot be matched", denial.Namespace)
	}
	for _, name := range denial.Names {
		if prefix, generated := strings.CutSuffix(name, "*"); generated && matchable.MatchString(prefix) {
			return fmt.Sprintf("the API server generates the names %s, and an exception for all of them is broader than what was denied: add it by hand, if you want it", name)
		}
		if !matchable.MatchString(name) {
			return fmt.Sprintf("name %q cannot be matched", name)
		}
	}
	return ""
}

// cover is an exception in the making.
type cover struct {
	Denial
	rules []string
}

func (c *cover) add(denial Denial) {
	c.rules = append(c.rules, denial.Rule)
	// The same requests, probably: the rules' highest count.
	c.Count = max(c.Count, denial.Count)
	if denial.First.Before(c.First) {
		c.First = denial.First
	}
	if denial.Last.After(c.Last) {
		c.Last = denial.Last
	}
}

func sortedCovers(covered map[string]*cover) (sorted []*cover) {
	for _, each := range covered {
		sorted = append(sorted, each)
	}
	slices.SortFunc(sorted, func(a, b *cover) int {
		return cmp.Or(strings.Compare(a.User, b.User), strings.Compare(a.Namespace, b.Namespace), slices.Compare(a.Names, b.Names))
	})
	return sorted
}

func (c *cover) exception(names []string, owner string, now time.Time) v1alpha1.Exception {
	made := v1alpha1.Exception{
		Rules:  c.rules,
		Match:  v1alpha1.Match{Names: names, Subjects: []v1alpha1.Subject{subject(c.User)}},
		Reason: fmt.Sprintf("%s would have been denied %s", headline.Number(c.Count, "request"), c.days()),
		Owner:  owner, Expires: now.Add(ofException).UTC().Truncate(day).Format(time.RFC3339),
	}
	if c.Namespace != "" {
		made.Match.Namespaces = []string{c.Namespace}
	}
	return made
}

// days are the first and the last day of the requests.
func (c *cover) days() string {
	first, last := c.First.UTC().Format(time.DateOnly), c.Last.UTC().Format(time.DateOnly)
	if first == last {
		return "on " + first
	}
	return fmt.Sprintf("from %s to %s", first, last)
}

// subject is a user as Guardrails name one.
func subject(user string) v1alpha1.Subject {
	if account, is := strings.CutPrefix(user, "system:serviceaccount:"); is {
		if namespace, name, whole := strings.Cut(account, ":"); whole {
			return v1alpha1.Subject{Kind: "ServiceAccount", Namespace: namespace, Name: name}
		}
	}
	return v1alpha1.Subject{Kind: "User", Name: user}
}
