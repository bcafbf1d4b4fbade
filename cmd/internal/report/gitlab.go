package report

import (
	"cmp"
	"io"

	"github.com/stateward/stateward/policies"
)

// gitlab is the code quality report that GitLab shows in merge requests.
type gitlab struct{ options Options }

// gitlabIssue has the fields that GitLab reads.
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

func newGitLab(options Options) Renderer { return gitlab{options: options} }

// Render writes the result.
func (g gitlab) Render(out io.Writer, result Result) error {
	fingerprints := g.options.fingerprints()
	issues := []gitlabIssue{}
	for _, finding := range result.Findings {
		description := name(finding.Object) + ": " + Clean(finding.Message)
		if exception := finding.Excuse(); exception != "" {
			description += " (" + exception + ")"
		}
		issues = append(issues, gitlabIssue{
			Description: description, CheckName: finding.Rule, Fingerprint: fingerprints.of(finding),
			Severity: gitlabSeverity(finding.Level), Location: g.location(finding.Position),
		})
	}
	for _, document := range result.Documents {
		if document.Outcome == Failed {
			issues = append(issues, gitlabIssue{
				Description: name(document.ObjectReference) + " could not be evaluated: " + Clean(document.Error), CheckName: "evaluation",
				Fingerprint: fingerprints.ofDocument(document), Severity: "blocker", Location: g.location(document.Position),
			})
		}
	}
	for _, problem := range result.Problems {
		severity := "minor"
		if problem.Unreadable {
			severity = "blocker"
		}
		issues = append(issues, gitlabIssue{
			Description: problem.word() + ": " + Clean(problem.Message), CheckName: "input",
			Fingerprint: fingerprints.ofProblem(problem), Severity: severity, Location: g.location(problem.Position),
		})
	}
	return WriteJSON(out, issues)
}

// location always has a path and a line, since GitLab drops an issue without one.
func (g gitlab) location(position Position) gitlabLocation {
	return gitlabLocation{Path: cmp.Or(g.options.slashed(position.File), "-"), Lines: gitlabLines{Begin: max(position.here().Line, 1)}}
}

func gitlabSeverity(level policies.Level) string {
	switch level {
	case policies.Deny:
		return "critical"
	case policies.Warn:
		return "minor"
	default:
		return "info"
	}
}
