package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// custom is the `custom` part of a rule's METADATA. Its fields are the only keys allowed there.
type custom struct {
	Severity Level               `json:"severity"`
	Profile  map[string]Level    `json:"profile"`
	Confirm  bool                `json:"confirm"`
	DataLoss bool                `json:"dataLoss"`
	On       map[string][]string `json:"on"`
	When     map[string]Change   `json:"when"`
	Changes  map[string][]string `json:"changes"`
	OptIn    bool                `json:"optIn"`
	Untyped  bool                `json:"untyped"`
	Reads    []string            `json:"reads"`
	Params   map[string]Param    `json:"params"`
	Fix      string              `json:"fix"`
	Since    string              `json:"since"`
	Aliases  []string            `json:"aliases"`
	CEL      *CEL                `json:"cel"`
}

// catalogue fills the library's lists from the annotations of its packages and refuses metadata that a reader could
// misread: a missing or unknown key, a second rule of the same id.
func (l *Library) catalogue(modules map[string]*ast.Module) error {
	var problems []error
	owner := map[string]string{}
	for _, name := range sortedNames(modules) {
		module := modules[name]
		if module.Package.Path.String() == "data.stateward.lib.cluster" {
			l.ManifestResources = manifestResources(module)
		}
		rule, ok, err := describe(module)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if !ok {
			continue
		}
		for _, id := range append([]string{rule.ID}, rule.Aliases...) {
			if first, taken := owner[id]; taken {
				problems = append(problems, fmt.Errorf("%s: id %q is taken by %s: rename the folder", name, id, first))
			}
			owner[id] = name
		}
		if rule.Kind == Mutating {
			l.Mutations = append(l.Mutations, rule)
		} else {
			l.Rules = append(l.Rules, rule)
		}
	}
	sortByID(l.Rules)
	sortByID(l.Mutations)
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("read rule metadata: %w", err)
	}
	return nil
}

// describe reads one module; ok is false for a module that is not a rule.
func describe(module *ast.Module) (rule Rule, ok bool, err error) {
	at := module.Package.Location
	kind, category, id, ok := identify(module.Package.Path)
	if !ok {
		return Rule{}, false, nil
	}
	note := packageAnnotation(module)
	if note == nil {
		return Rule{}, false, fmt.Errorf("%s:%d: package has no METADATA: begin the file with `# METADATA` and a title",
			at.File, at.Row)
	}
	values, err := decodeCustom(note.Custom)
	if err != nil {
		return Rule{}, false, fmt.Errorf("%s:%d: METADATA custom: %w", at.File, at.Row, err)
	}
	rule = Rule{
		ID: id, Kind: kind, Category: category, File: at.File, Line: at.Row, Package: module.Package.Path.String(), Custom: IsCustom(module.Package.Path),
		Title: note.Title, Description: strings.TrimSpace(note.Description),
		Severity: values.Severity, Profile: values.Profile, Confirm: values.Confirm, DataLoss: values.DataLoss, On: values.On, When: values.When, Changes: values.Changes, OptIn: values.OptIn, Untyped: values.Untyped, Reads: values.Reads,
		Params: values.Params, Fix: values.Fix, Since: values.Since, Aliases: values.Aliases, CEL: values.CEL,
		Notices: slices.ContainsFunc(module.Rules, func(rule *ast.Rule) bool { return rule.Head.Name == "notice" }),
	}
	for _, resource := range note.RelatedResources {
		rule.References = append(rule.References, resource.Ref.String())
	}
	if kind == Mutating {
		rule.Severity = Warn
	}
	if err := check(rule); err != nil {
		return Rule{}, false, fmt.Errorf("%s:%d: METADATA: %w", at.File, at.Row, err)
	}
	return rule, true, nil
}

// identify reads kind, category and id from a package path such as data.stateward.rules.rollout["partition-range"].
func identify(ref ast.Ref) (kind Kind, category, id string, ok bool) {
	parts := names(ref)
	if IsCustom(ref) {
		// The same below a root of its own.
		parts = append(parts[:2], parts[3:]...)
	}
	switch {
	case len(parts) == 5 && parts[1] == "stateward" && parts[2] == "rules":
		return Validating, parts[3], parts[4], true
	case len(parts) == 4 && parts[1] == "stateward" && parts[2] == "mutations":
		return Mutating, "", parts[3], true
	default:
		return "", "", "", false
	}
}

// names are the elements of a package path.
func names(ref ast.Ref) (parts []string) {
	for _, term := range ref {
		switch value := term.Value.(type) {
		case ast.Var:
			parts = append(parts, string(value))
		case ast.String:
			parts = append(parts, string(value))
		}
	}
	return parts
}

func packageAnnotation(module *ast.Module) *ast.Annotations {
	for _, note := range module.Annotations {
		if note.Scope == "package" {
			return note
		}
	}
	return nil
}

func decodeCustom(values map[string]any) (custom, error) {
	var decoded custom
	encoded, err := json.Marshal(withCurrentNames(values))
	if err != nil {
		return decoded, err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&decoded); err != nil {
		return decoded, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return decoded, nil
}

// withCurrentNames replaces former names, which users' rules may still have.
func withCurrentNames(values map[string]any) map[string]any {
	current := maps.Clone(values)
	if expressions, ok := current["cel"].(map[string]any); ok {
		expressions = maps.Clone(expressions)
		if former, found := expressions["unseen"]; found {
			expressions["notChecked"] = former
			delete(expressions, "unseen")
		}
		current["cel"] = expressions
	}
	if when, ok := current["when"].(map[string]any); ok {
		when = maps.Clone(when)
		for resource, change := range when {
			switch change {
			case "marks":
				when[resource] = Metadata
			case "owners":
				when[resource] = Owners
			}
		}
		current["when"] = when
	}
	return current
}

func check(rule Rule) error {
	var problems []error
	required := map[string]bool{
		"title":       rule.Title != "",
		"description": rule.Description != "",
		"custom.fix":  rule.Fix != "", "custom.since": rule.Since != "", "custom.severity": rule.Severity != "",
		"custom.on": len(rule.On) > 0,
	}
	for _, key := range sortedNames(required) {
		if !required[key] {
			problems = append(problems, fmt.Errorf("key %q is missing", key))
		}
	}
	if rule.Severity != "" && !slices.Contains(Levels(), rule.Severity) {
		problems = append(problems, fmt.Errorf("custom.severity: unknown level %q: use one of %v", rule.Severity, Levels()))
	}
	for _, profile := range sortedNames(rule.Profile) {
		if !slices.Contains(Profiles(), profile) {
			problems = append(problems, fmt.Errorf("custom.profile: unknown profile %q: use one of %v", profile, Profiles()))
		}
		if !slices.Contains(Levels(), rule.Profile[profile]) {
			problems = append(problems, fmt.Errorf("custom.profile.%s: unknown level %q: use one of %v", profile, rule.Profile[profile], Levels()))
		}
	}
	if rule.DataLoss && !rule.Confirm {
		problems = append(problems, errors.New("custom.dataLoss: it is about confirmations: add custom.confirm: true, or remove it"))
	}
	if rule.OptIn && (rule.Severity != Off || len(rule.Profile) > 0) {
		problems = append(problems, errors.New("custom.optIn: the rule would not see the requests that it denies: set custom.severity to off, without custom.profile"))
	}
	for _, resource := range sortedNames(rule.On) {
		problems = append(problems, checkOperations(resource, rule.On[resource])...)
	}
	for _, name := range sortedNames(rule.When) {
		if _, evaluated := rule.On[name]; !evaluated {
			problems = append(problems, fmt.Errorf("custom.when: %q is not in custom.on", name))
		}
		if !slices.Contains(Changes(), rule.When[name]) {
			problems = append(problems, fmt.Errorf("custom.when.%s: unknown change %q: use one of %v", name, rule.When[name], Changes()))
		}
	}
	problems = append(problems, checkChanges(rule)...)
	for _, name := range append(sortedNames(rule.On), rule.Reads...) {
		if _, known := LookupResource(name); !known && name != ParentResource {
			problems = append(problems, fmt.Errorf("unknown resource %q: add its API group to policies/resources.go", name))
		}
	}
	problems = append(problems, checkCEL(rule)...)
	for _, name := range sortedNames(rule.Params) {
		if err := rule.Params[name].Check(rule.Params[name].Default); err != nil {
			problems = append(problems, fmt.Errorf("custom.params.%s.default: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

func checkOperations(resource string, operations []string) (problems []error) {
	for _, operation := range operations {
		if !slices.Contains([]string{Create, Update, Delete, Inspect}, operation) {
			problems = append(problems, fmt.Errorf("custom.on.%s: unknown operation %q: use CREATE, UPDATE, DELETE or AUDIT", resource, operation))
		}
	}
	return problems
}

func checkChanges(rule Rule) (problems []error) {
	for _, resource := range sortedNames(rule.Changes) {
		if !slices.Contains(rule.On[resource], Update) {
			problems = append(problems, fmt.Errorf("custom.changes: %q has no UPDATE in custom.on", resource))
		}
		if len(rule.Changes[resource]) == 0 {
			problems = append(problems, fmt.Errorf("custom.changes.%s: names no field: name those that the rule judges a change of, or remove it", resource))
		}
		for _, field := range rule.Changes[resource] {
			if slices.ContainsFunc(strings.Split(field, "."), func(key string) bool { return key == "" || strings.ContainsAny(key, "[]/ ") }) {
				problems = append(problems, fmt.Errorf("custom.changes.%s: %q is not a field: write its keys with dots between them, as in spec.template", resource, field))
			}
		}
	}
	return problems
}

func manifestResources(module *ast.Module) (resources []string) {
	note := packageAnnotation(module)
	if note == nil {
		return nil
	}
	listed, _ := note.Custom["manifests"].([]any)
	for _, each := range listed {
		if name, ok := each.(string); ok {
			resources = append(resources, name)
		}
	}
	return resources
}

func sortByID(rules []Rule) {
	sort.Slice(rules, func(i, j int) bool { return rules[i].ID < rules[j].ID })
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
