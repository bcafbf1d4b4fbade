package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// sarifFingerprint names how fingerprints are made; another way of making them gets another version.
const sarifFingerprint = "stateward/v1"

// sarifFormat is for code scanning. It has no security-severity: a StatefulSet that loses its data is broken, not attacked.
type sarifFormat struct{ options Options }

func newSARIF(options Options) Renderer { return sarifFormat{options: options} }

// Render writes the result.
func (s sarifFormat) Render(out io.Writer, result Result) error {
	return WriteJSON(out, s.report(result))
}

// sarifLog has no methods: with those of sarif.Report the linker would keep its validation, and with that all unused methods.
type sarifLog sarif.Report

func (s sarifFormat) report(result Result) sarifLog {
	rules := result.reportedRules()
	run := sarif.NewRun().WithColumnKind("unicodeCodePoints").WithTool(sarif.NewTool().WithDriver(sarifDriver(result.Version, rules)))
	run.AddInvocation(s.invocation(result))
	fingerprints := s.options.fingerprints()
	for _, finding := range result.Findings {
		index := slices.IndexFunc(rules, func(rule policies.Rule) bool { return rule.ID == finding.Rule })
		run.AddResult(s.result(finding, index, fingerprints.of(finding)))
	}
	return sarifLog(*sarif.NewReport().AddRun(run))
}

func sarifDriver(version string, rules []policies.Rule) *sarif.ToolComponent {
	driver := sarif.NewToolComponent().WithName("stateward").WithInformationURI("https://github.com/stateward/stateward")
	if version != "" {
		driver.WithVersion(version)
	}
	for _, rule := range rules {
		driver.AddRule(sarifRule(rule))
	}
	return driver
}

func sarifRule(rule policies.Rule) *sarif.ReportingDescriptor {
	descriptor := sarif.NewRule(rule.ID)
	if rule.Title == "" {
		return descriptor
	}
	var page strings.Builder
	// A builder takes everything.
	_ = Rule(&page, rule)
	help := sarif.NewMultiformatMessageString().WithText(rule.Description + "\n\nWay out: " + rule.Fix).WithMarkdown(page.String())
	descriptor.WithShortDescription(sarif.NewMultiformatMessageString().WithText(rule.Title)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(rule.Description)).
		WithHelp(help).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(rule.Severity))).
		WithProperties(sarif.NewPropertyBag().WithTags([]string{"kubernetes", "statefulset", category(rule)}))
	if len(rule.References) > 0 {
		descriptor.WithHelpURI(rule.References[0])
	}
	return descriptor
}

func (s sarifFormat) result(finding Finding, rule int, fingerprint string) *sarif.Result {
	message := name(finding.Object) + ": " + Clean(finding.Message)
	result := sarif.NewRuleResult(finding.Rule).WithRuleIndex(rule).WithLevel(sarifLevel(finding.Level)).
		WithMessage(sarif.NewTextMessage(message)).
		WithPartialFingerprints(map[string]string{sarifFingerprint: fingerprint}).
		WithLocations([]*sarif.Location{s.location(finding.Position, finding.Source, finding.Object, finding.Field)})
	if finding.Ignored != nil && finding.Ignored.Counts {
		result.AddSuppression(sarif.NewSuppression().WithKind("inSource").WithStatus("accepted").WithJustification(finding.Excuse()))
	}
	if finding.Exception != nil {
		result.AddSuppression(sarif.NewSuppression().WithKind("external").WithStatus("accepted").
			WithJustification(finding.Excuse()))
	}
	return result
}

// location leaves out what is not known: the file, the line, or the line's text.
func (s sarifFormat) location(at Position, source string, object engine.ObjectReference, field string) *sarif.Location {
	position := at.here()
	location := sarif.NewLocation()
	logical := sarif.NewLogicalLocation().WithKind("object").WithFullyQualifiedName(strings.TrimSuffix(name(object)+" "+Clean(field), " "))
	location.AddLogicalLocation(logical)
	if position.File == "" {
		return location
	}
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(s.options.uri(position.File)))
	if position.Line > 0 {
		physical.WithRegion(region(position, source))
	}
	return location.WithPhysicalLocation(physical)
}

// fileLocation is a place that belongs to no object.
func (s sarifFormat) fileLocation(at Position) *sarif.Location {
	position := at.here()
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(s.options.uri(position.File)))
	if position.Line > 0 {
		physical.WithRegion(region(position, ""))
	}
	return sarif.NewLocation().WithPhysicalLocation(physical)
}

func region(position Position, source string) *sarif.Region {
	column := max(position.Column, 1)
	exact := sarif.NewRegion().WithStartLine(position.Line).WithStartColumn(column)
	if end := endColumn(source, column); end > column {
		exact.WithEndLine(position.Line).WithEndColumn(end)
	}
	return exact
}

// invocation lists what could not be evaluated or looked up.
func (s sarifFormat) invocation(result Result) *sarif.Invocation {
	invocation := sarif.NewInvocation().WithExecutionSuccessful(result.outcomes(Failed) == 0 && result.Unreadable() == 0)
	for _, document := range result.Documents {
		if document.Outcome == Failed {
			message := fmt.Sprintf("%s could not be evaluated: %s", name(document.ObjectReference), Clean(document.Error))
			location := s.location(document.Position, "", document.ObjectReference, "")
			invocation.AddToolExecutionNotification(notification("error", message).AddLocation(location))
		}
	}
	for _, problem := range result.Problems {
		about := notification(problem.word(), Clean(problem.Message))
		invocation.AddToolExecutionNotification(about.AddLocation(s.fileLocation(problem.Position)))
	}
	for _, left := range result.notes() {
		invocation.AddToolExecutionNotification(notification("note", Clean(left.Detail)).AddLocation(s.fileLocation(left.Position)))
	}
	for _, each := range result.Undecided {
		invocation.AddToolExecutionNotification(notification("note", undecided(each)))
	}
	return invocation
}

func notification(level, message string) *sarif.Notification {
	return sarif.NewNotification().WithLevel(level).WithMessage(sarif.NewTextMessage(message))
}

func sarifLevel(level policies.Level) string {
	switch level {
	case policies.Deny:
		return "error"
	case policies.Warn:
		return "warning"
	case policies.Off:
		return "none"
	default:
		return "note"
	}
}
