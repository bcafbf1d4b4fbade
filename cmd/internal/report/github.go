package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/stateward/stateward/policies"
)

// github writes workflow commands, which GitHub Actions shows on the changed lines of a pull request.
type github struct{ options Options }

func newGitHub(options Options) Renderer { return github{options: options} }

// Render writes the result.
func (g github) Render(out io.Writer, result Result) error {
	var page strings.Builder
	for _, finding := range result.Findings {
		message := name(finding.Object) + ": " + finding.problem()
		if fix := finding.fix(); fix != "" {
			message += "\nfix: " + fix
		}
		if exception := finding.Excuse(); exception != "" {
			message += "\n" + exception
		}
		g.command(&page, githubCommand(finding.Level), finding.Position, finding.Rule, message)
	}
	for _, document := range result.Documents {
		if document.Outcome == Failed {
			g.command(&page, "error", document.Position, "could not be evaluated", name(document.ObjectReference)+": "+Clean(document.Error))
		}
	}
	for _, problem := range result.Problems {
		g.command(&page, problem.word(), problem.Position, "input", Clean(problem.Message))
	}
	for _, left := range result.notes() {
		g.command(&page, "notice", left.Position, "not checked", Clean(left.Detail))
	}
	fmt.Fprintln(&page, summary(result))
	_, err := io.WriteString(out, page.String())
	return err
}

func (g github) command(page *strings.Builder, command string, at Position, title, message string) {
	position := at.here()
	var properties []string
	if file := Clean(g.options.slashed(position.File)); file != "" {
		properties = append(properties, "file="+githubProperty(file))
	}
	if position.Line > 0 {
		properties = append(properties, fmt.Sprintf("line=%d,col=%d", position.Line, max(position.Column, 1)))
	}
	properties = append(properties, "title="+githubProperty(Clean(title)))
	fmt.Fprintf(page, "::%s %s::%s\n", command, strings.Join(properties, ","), githubData(message))
}

func githubCommand(level policies.Level) string {
	switch level {
	case policies.Deny:
		return "error"
	case policies.Warn:
		return "warning"
	default:
		return "notice"
	}
}

// githubData escapes what would end a command.
func githubData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// githubProperty escapes what would end a property of a command too.
func githubProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
