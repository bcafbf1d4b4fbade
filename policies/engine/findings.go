package engine

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/lazy"
)

// assembled are the findings in these reports that are not off, each at the level that it has. It is not ok where that is for
// the router of the library to say: several denials name each other's rules, or a rule says what no finding has.
func assembled(reports []*ast.Term, level func(finding lazy.Value) (policies.Level, bool)) (findings []Finding, ok bool) {
	asking := 0
	for _, report := range reports {
		said, isSet := report.Value.(ast.Set)
		if !isSet {
			return nil, false
		}
		for _, each := range said.Slice() {
			decided, known := level(lazy.Of(each))
			if !known {
				return nil, false
			}
			if decided == policies.Off {
				continue
			}
			finding := Finding{Level: decided}
			if !finding.readAll(each.Value) {
				return nil, false
			}
			if asks(finding) {
				asking++
			}
			findings = append(findings, finding)
		}
	}
	return findings, asking < 2
}

// asks reports whether a denial may end with a command that confirms it.
func asks(finding Finding) bool {
	return finding.Level == policies.Deny && (strings.Contains(finding.Fix, policies.ConfirmRulesAnnotation+"=") || strings.Contains(finding.Fix, "--rules "))
}

// readAll reads a finding as decodeFindings does, but for its level; false for what that would refuse.
func (f *Finding) readAll(value ast.Value) bool {
	object, ok := value.(ast.Object)
	if !ok {
		return false
	}
	object.Foreach(func(key, value *ast.Term) {
		name, isText := key.Value.(ast.String)
		ok = ok && isText && f.read(string(name), value.Value)
	})
	return ok
}

// read takes one field over; false for a value that the field does not take.
func (f *Finding) read(name string, value ast.Value) bool {
	switch name {
	case "rule":
		return readText(&f.Rule, value)
	case "msg":
		return readText(&f.Message, value)
	case "field":
		return readText(&f.Field, value)
	case "what":
		return readText(&f.What, value)
	case "fix":
		return readText(&f.Fix, value)
	case "existing":
		return readTruth(&f.Existing, value)
	case "confirmed":
		return readTruth(&f.Confirmed, value)
	case "path":
		return readPath(&f.Path, value)
	case "object":
		return readReference(&f.Object, value)
	case "others":
		return readJSON(&f.Others, value)
	case "exception":
		return readJSON(&f.Exception, value)
	case "confirmation":
		return readJSON(&f.Confirmation, value)
	case "patch":
		return readJSON(&f.Patch, value)
	default:
		// Names of fields in JSON count whatever their case is.
		return !strings.ContainsFunc(name, func(char rune) bool { return char < 'a' || char > 'z' })
	}
}

func readText(into *string, value ast.Value) bool {
	text, ok := value.(ast.String)
	*into = string(text)
	return ok
}

func readTruth(into *bool, value ast.Value) bool {
	truth, ok := value.(ast.Boolean)
	*into = bool(truth)
	return ok
}

func readPath(into *[]any, value ast.Value) bool {
	steps, ok := value.(*ast.Array)
	if !ok {
		return false
	}
	*into = make([]any, 0, steps.Len())
	for index := range steps.Len() {
		switch step := steps.Elem(index).Value.(type) {
		case ast.String:
			*into = append(*into, string(step))
		case ast.Number:
			number, isNumber := step.Float64()
			ok = ok && isNumber
			*into = append(*into, number)
		default:
			return false
		}
	}
	return ok
}

func readReference(into *ObjectReference, value ast.Value) bool {
	about, ok := value.(ast.Object)
	if !ok {
		return false
	}
	about.Foreach(func(key, value *ast.Term) {
		switch key.Value {
		case ast.String("kind"):
			ok = ok && readText(&into.Kind, value.Value)
		case ast.String("namespace"):
			ok = ok && readText(&into.Namespace, value.Value)
		case ast.String("name"):
			ok = ok && readText(&into.Name, value.Value)
		default:
			ok = false
		}
	})
	return ok
}

// readJSON is for what few findings have.
func readJSON(into any, value ast.Value) bool {
	plain, err := ast.JSON(value)
	if err != nil {
		return false
	}
	encoded, err := json.Marshal(plain)
	return err == nil && json.Unmarshal(encoded, into) == nil
}

// distinct sorts findings and removes duplicates.
func distinct(findings []Finding) []Finding {
	sortFindings(findings)
	return slices.CompactFunc(findings, func(a, b Finding) bool { return a.Message == b.Message && reflect.DeepEqual(a, b) })
}
