package report_test

import (
	"maps"
	"slices"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// results is the one table that all formats are tried on: by what is special about a document, the document with its
// findings.
func results() map[string]report.Result {
	web := engine.ObjectReference{Kind: "StatefulSet", Namespace: "default", Name: "web"}
	at := func(file string, line, column int) report.Position {
		return report.Position{File: file, Line: line, Column: column}
	}
	return map[string]report.Result{
		"a clean one":                  evaluated(web, at("web.yaml", 12, 1)),
		"a denial":                     evaluated(web, at("web.yaml", 12, 1), found(policies.Deny, web, at("web.yaml", 30, 11), "          image: nginx:latest # for now")),
		"a warning":                    evaluated(web, at("web.yaml", 12, 1), found(policies.Warn, web, at("web.yaml", 18, 3), "  replicas: 3")),
		"what is only recorded":        evaluated(web, at("web.yaml", 12, 1), found(policies.Audit, web, at("web.yaml", 18, 3), "  replicas: 3")),
		"what an exception excepts":    evaluated(web, at("web.yaml", 12, 1), excepted(found(policies.Audit, web, at("web.yaml", 30, 11), "          image: nginx:latest"))),
		"what a manifest ignores":      evaluated(web, at("web.yaml", 12, 1), ignored(found(policies.Audit, web, at("web.yaml", 30, 11), "          image: nginx:latest"), true)),
		"what a manifest may not":      evaluated(web, at("web.yaml", 12, 1), ignored(found(policies.Deny, web, at("web.yaml", 30, 11), "          image: nginx:latest"), false)),
		"an ignore that nothing needs": {Unused: []string{"web.yaml:5:5: [image-tag] finds nothing that its manifest could ignore: a \x1b[31mreason"}},
		"the same thing found twice":   evaluated(web, at("web.yaml", 12, 1), found(policies.Warn, web, at("web.yaml", 18, 3), "  replicas: 3"), found(policies.Warn, web, at("web.yaml", 18, 3), "  replicas: 3")),
		"an object of the cluster": evaluated(engine.ObjectReference{Kind: "Namespace", Name: "data"}, at("data.yaml", 1, 1),
			found(policies.Deny, engine.ObjectReference{Kind: "Namespace", Name: "data"}, at("data.yaml", 4, 3), "  name: data")),
		"an AdmissionReview that is one line": evaluated(web, at("review.json", 1, 1),
			found(policies.Deny, web, at("review.json", 1, 19), `{"request": {"a": {"image":"nginx:latest", "name": "x"}}}`)),
		"one line that is longer than a screen": evaluated(web, at("long.json", 1, 1), found(policies.Warn, web, at("long.json", 1, 401), long())),
		"an object that is gone": evaluated(web, report.Position{File: "web.yaml", Line: 4, Column: 3, Revision: "origin/main\x1b"},
			found(policies.Deny, web, report.Position{File: "web.yaml", Line: 4, Column: 3, Revision: "origin/main\x1b"}, "  name: web")),
		"no position":                 evaluated(web, report.Position{}, found(policies.Deny, web, report.Position{}, "")),
		"no line":                     evaluated(web, at("gone.yaml", 0, 0), found(policies.Deny, web, at("gone.yaml", 0, 0), "")),
		"a kind without rules":        outcome(report.Skipped, "", engine.ObjectReference{Kind: "ConfigMap", Namespace: "default", Name: "nginx"}),
		"a kind that forges a line":   outcome(report.Skipped, "", engine.ObjectReference{Kind: "A\n::error::forged\nok 99 - x", Namespace: "default", Name: "a"}),
		"what could not be evaluated": outcome(report.Failed, "broken <&]]> \x1b[31m\n::error::forged", engine.ObjectReference{Kind: "StatefulSet", Namespace: "default", Name: "broken"}),
		"input that cannot be read": {Problems: []report.Problem{
			{Position: at("bad.yaml", 3, 5), Message: "invalid YAML: <&]]> \x1b[31m\n::error::forged", Unreadable: true},
			{Position: at("whole.yaml", 0, 0), Message: "the file is larger than 10 bytes; split it", Unreadable: true},
			{Position: at("crd.yaml", 7, 1), Message: "spec.x: ConfigMap has no such field"},
		}},
		"input that is left out": {LeftOut: []report.LeftOut{
			{Position: at("chart\x1b", 0, 0), Reason: "Helm chart", Detail: "render it\n::error::forged", Note: true},
			{Position: at("package.json", 0, 0), Reason: "not Kubernetes"},
			{Position: at("values.yaml", 1, 1), Reason: "not Kubernetes"},
			{Position: at("values.yaml", 9, 1), Reason: "not Kubernetes"},
		}},
		"rules that could not see":          {Undecided: []engine.Undecided{{Rule: "headless-service", Resource: "services"}}},
		"escapes in names":                  nasty("red\x1b[31m\x9b2J\u009b\a\x00\u202eevil", "esc\x1b]0;title\a.yaml"),
		"markup in names":                   nasty(`<a href="x">&amp;]]></a> # TODO \ | `+"`x`", "a&b<c>.yaml"),
		"separators of workflow commands":   nasty("50%,a:b::c\r\n::error file=x::forged\nnot ok 1 - forged\n...", "100%,a:b.yaml"),
		"commands of other CI servers":      nasty("##[error]forged ##vso[task.complete]", "::error::forged.yaml"),
		"a path of Windows":                 nasty("windows", `C:\ci\ä b\web.yaml`),
		"a relative path of Windows":        nasty("windows-relative", `.\manifests\web.yaml`),
		"a path in the working directory":   nasty("absolute", "/ci/manifests/web.yaml"),
		"a path elsewhere":                  nasty("elsewhere", "/etc/web.yaml"),
		"bytes that are no UTF-8":           nasty("\xff\xfe\xc0", "\xff.yaml"),
		"characters beyond the basic plane": nasty("🐘 \U000e0001 \ue000", "🐘.yaml"),
	}
}

// everything is the whole table as one result.
func everything() report.Result {
	all := report.Result{Version: "v1.2.3", Rules: []policies.Rule{imageTag()}, Changes: &report.Changes{Changed: 1, New: 2, Removed: 3, Unchanged: 4, Standing: 1}}
	table := results()
	for _, name := range slices.Sorted(maps.Keys(table)) {
		for _, finding := range table[name].Findings {
			finding.Document += len(all.Documents)
			all.Findings = append(all.Findings, finding)
		}
		all.Documents = append(all.Documents, table[name].Documents...)
		all.Unused = append(all.Unused, table[name].Unused...)
		all.Problems = append(all.Problems, table[name].Problems...)
		all.LeftOut = append(all.LeftOut, table[name].LeftOut...)
		all.Undecided = append(all.Undecided, table[name].Undecided...)
	}
	return all
}

func imageTag() policies.Rule {
	return policies.Rule{
		ID: "image-tag", Kind: policies.Validating, Category: "image", Title: "Images have a tag that stays",
		Description: "A pod that starts tomorrow runs another image.", Severity: policies.Deny,
		On: map[string][]string{"statefulsets": {"CREATE"}}, Fix: "name a version", Since: "v0.1.0",
		References: []string{"https://kubernetes.io/docs/concepts/containers/images/"},
	}
}

func evaluated(object engine.ObjectReference, position report.Position, findings ...report.Finding) report.Result {
	return report.Result{
		Documents: []report.Document{{ObjectReference: object, Position: position, Outcome: report.Evaluated}},
		Findings:  findings,
	}
}

func outcome(outcome report.Outcome, message string, object engine.ObjectReference) report.Result {
	position := report.Position{File: "others.yaml", Line: 1, Column: 1}
	return report.Result{Documents: []report.Document{{ObjectReference: object, Position: position, Outcome: outcome, Error: message}}}
}

func found(level policies.Level, object engine.ObjectReference, position report.Position, source string) report.Finding {
	finding := report.Finding{Position: position, Source: source}
	finding.Rule, finding.Level, finding.Object = "image-tag", level, object
	finding.Path, finding.Field = []any{"spec", "containers", 0, "image"}, "spec.containers[0].image"
	finding.What, finding.Fix = `"nginx:latest" may be a different image tomorrow`, "name a version."
	finding.Message = "[image-tag] " + finding.Field + ": " + finding.What + ". Fix: " + finding.Fix
	return finding
}

func ignored(finding report.Finding, counts bool) report.Finding {
	finding.Ignored = &report.Ignored{Reason: "the vendor says so\n::error::forged", Counts: counts}
	return finding
}

func excepted(finding report.Finding) report.Finding {
	finding.Exception = &engine.ExceptionUse{Reason: "no other tag\n%0A]]>", Owner: "web@example.com", Expires: "2099-01-01T00:00:00Z"}
	return finding
}

// nasty has a text wherever a manifest may put one.
func nasty(text, file string) report.Result {
	object := engine.ObjectReference{Kind: "StatefulSet" + text, Namespace: text, Name: text}
	position := report.Position{File: file, Line: 2, Column: 3}
	finding := found(policies.Deny, object, position, "  name: "+text)
	finding.Rule, finding.Field, finding.What, finding.Fix = "custom-"+text, text, text, text
	finding.Path = []any{text, 0}
	finding.Message = "[custom] " + text + ". Fix: " + text
	return evaluated(object, report.Position{File: file, Line: 1, Column: 1}, finding)
}

func long() string {
	var line []byte
	for len(line) < 400 {
		line = append(line, `{"a": 1, `...)
	}
	return string(line[:400]) + `"image": "nginx:latest"}` + string(line)
}
