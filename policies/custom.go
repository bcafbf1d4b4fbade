package policies

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Extend returns a library that has the rules of users below fsys too. They stand in packages
// stateward.custom.rules.CATEGORY["ID"], what they share in stateward.custom.lib.NAME: a module of any other package
// could change what the built-in rules decide, and is refused, as is a second rule of an id that there is already.
// Errors name files below root.
func (l *Library) Extend(fsys fs.FS, root string) (*Library, error) {
	custom, err := parse(fsys, root)
	if err != nil {
		return nil, err
	}
	if len(custom) == 0 {
		return nil, fmt.Errorf("no rule in %s: `stateward rules new NAME` creates one", root)
	}
	modules, err := l.Modules()
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, name := range sortedNames(custom) {
		if at := custom[name].Package; !IsCustom(at.Path) {
			problems = append(problems, fmt.Errorf(
				"%s:%d: package %s is not for users: name it stateward.custom.rules.CATEGORY[\"ID\"], or stateward.custom.lib.NAME for what rules share",
				at.Location.File, at.Location.Row, strings.TrimPrefix(at.Path.String(), "data.")))
		}
		if modules[name] != nil {
			problems = append(problems, fmt.Errorf("%s: this is the name of a built-in file: rename it", name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	all := maps.Clone(modules)
	maps.Copy(all, custom)
	return newLibrary(all)
}

// Mentions reports whether a rule of users has this text in it, as the name of a field or otherwise.
func (l *Library) Mentions(text string) (mentioned bool, err error) {
	if len(l.Custom()) == 0 {
		return false, nil
	}
	modules, err := l.Modules()
	if err != nil {
		return false, err
	}
	for _, module := range modules {
		if !IsCustom(module.Package.Path) {
			continue
		}
		ast.WalkTerms(module, func(term *ast.Term) bool {
			mentioned = mentioned || term.Value == ast.Value(ast.String(text))
			return mentioned
		})
	}
	return mentioned, nil
}

// Custom returns the rules of users.
func (l *Library) Custom() (rules []Rule) {
	for _, rule := range l.Rules {
		if rule.Custom {
			rules = append(rules, rule)
		}
	}
	return rules
}

// IsCustom reports whether a package is one for users.
func IsCustom(path ast.Ref) bool {
	parts := names(path)
	if len(parts) < 5 || parts[1] != "stateward" || parts[2] != "custom" {
		return false
	}
	return parts[3] == "rules" && len(parts) == 6 || parts[3] == "lib"
}
