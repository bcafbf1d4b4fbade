package assembly

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// rule is what the METADATA of a rule say of it.
type rule struct {
	// names are its id, and those that it once had.
	names  []string
	custom lazy.Value
}

// ruleOf finds the rule in a metadata chain; false for a chain that belongs to no rule.
func (a *Assembly) ruleOf(chain lazy.Value) (rule, bool) {
	links, ok := lazy.Elements(chain)
	if !ok {
		return rule{}, false
	}
	var found rule
	for _, link := range links {
		annotations := a.get(link, "annotations")
		if scope := a.get(annotations, "scope"); !lazy.Is(scope, a.keys["package"].Value) {
			continue
		}
		// Two would be for Rego to evaluate.
		if found.custom != nil {
			return rule{}, false
		}
		found.custom = a.get(annotations, "custom")
		if found.names, ok = a.namesOf(link, found.custom); !ok {
			return rule{}, false
		}
	}
	return found, found.custom != nil
}

func (a *Assembly) namesOf(link, custom lazy.Value) (names []string, ok bool) {
	path := a.get(link, "path")
	if path == nil || custom == nil {
		return nil, false
	}
	steps, _ := lazy.Elements(path)
	if len(steps) == 0 {
		return nil, false
	}
	all := steps[len(steps)-1:]
	if aliases := a.get(custom, "aliases"); aliases != nil {
		more, isArray := lazy.Elements(aliases)
		if !isArray {
			return nil, false
		}
		all = append(all[:1:1], more...)
	}
	for _, each := range all {
		name, isText := lazy.String(each)
		if !isText {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// param is config.param.
func (a *Assembly) param(_ Calls, args []lazy.Value) (lazy.Value, bool) {
	rule, ok := a.ruleOf(args[0])
	if !ok {
		return nil, false
	}
	name, isKnown := args[1].(*lazy.Known)
	if !isKnown {
		return nil, false
	}
	key := (*ast.Term)(name)
	if value := at(a.settings.params(rule.names), key); value != nil {
		return value, true
	}
	value := a.get(at(a.get(rule.custom, "params"), key), "default")
	return value, value != nil
}
