package assembly

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// rule is what the METADATA of a rule say of it.
type rule struct {
	// names are its id, and those that it once had.
	names  []string
	custom *ast.Term
}

// ruleOf finds the rule in a metadata chain; false for a chain that belongs to no rule.
func (a *Assembly) ruleOf(chain *ast.Term) (rule, bool) {
	links, ok := lazy.Elements(chain.Value)
	if !ok {
		return rule{}, false
	}
	var found rule
	for _, link := range links {
		annotations := a.get(link, "annotations")
		if scope := a.get(annotations, "scope"); scope == nil || scope.Value.Compare(a.keys["package"].Value) != 0 {
			continue
		}
		// Two would be for Rego to judge.
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

func (a *Assembly) namesOf(link, custom *ast.Term) (names []string, ok bool) {
	path := a.get(link, "path")
	if path == nil || custom == nil {
		return nil, false
	}
	steps, _ := lazy.Elements(path.Value)
	if len(steps) == 0 {
		return nil, false
	}
	all := steps[len(steps)-1:]
	if aliases := a.get(custom, "aliases"); aliases != nil {
		more, isArray := lazy.Elements(aliases.Value)
		if !isArray {
			return nil, false
		}
		all = append(all[:1:1], more...)
	}
	for _, each := range all {
		name, isText := text(each)
		if !isText {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// param is config.param.
func (a *Assembly) param(_ Calls, args []*ast.Term) (*ast.Term, bool) {
	rule, ok := a.ruleOf(args[0])
	if !ok {
		return nil, false
	}
	if set := a.settings.params(rule.names); set != nil {
		if value := at(set.Value, args[1]); value != nil {
			return value, true
		}
	}
	params := a.get(rule.custom, "params")
	if params == nil {
		return nil, false
	}
	value := a.get(at(params.Value, args[1]), "default")
	return value, value != nil
}
