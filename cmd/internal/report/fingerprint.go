package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/stateward/stateward/policies/engine"
)

// fingerprints gives each finding a name that stays the same when lines move or the wording changes: what it is about,
// and which one it is where a rule finds several things in one field.
type fingerprints struct {
	options Options
	seen    map[string]int
}

func (o Options) fingerprints() fingerprints { return fingerprints{options: o, seen: map[string]int{}} }

func (f fingerprints) of(finding Finding) string {
	return f.about(finding.Position.File, finding.Rule, finding.Object, finding.Field)
}

// ofDocument names a document that could not be evaluated.
func (f fingerprints) ofDocument(document Document) string {
	return f.about(document.Position.File, "", document.ObjectReference, "")
}

// ofProblem names what is wrong with the input.
func (f fingerprints) ofProblem(problem Problem) string {
	return f.about(problem.File, problem.Message, engine.ObjectReference{}, "")
}

func (f fingerprints) about(file, rule string, object engine.ObjectReference, field string) string {
	about := fmt.Sprintf("%q", []string{f.options.slashed(file), rule, object.Kind, object.Namespace, object.Name, field})
	f.seen[about]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d", about, f.seen[about]))
	return hex.EncodeToString(sum[:16])
}
