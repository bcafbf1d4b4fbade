// Package policies holds Stateward's Rego library and knows what is in it: which rules and mutations there are,
// what they say of themselves and when they must be asked.
package policies

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

//go:embed main/*.rego lib/*.rego rules/*/*/*.rego mutations/*/*.rego
var embedded embed.FS

// Library is a set of Rego modules with the catalogue that their metadata makes. It is read only once loaded.
type Library struct {
	parsed   func() (map[string]*ast.Module, error)
	revision string
	// Rules and Mutations are sorted by id.
	Rules, Mutations []Rule
	// MoreParents are custom resources beside Parents whose deletion the rules check.
	MoreParents []Parent
	// OptedIn are the ids of rules with OptIn that an API server is to ask about.
	OptedIn []string
	// ManifestResources are the resources that a set of manifests is expected to hold completely.
	ManifestResources []string
}

// Embedded loads the library that is built into the binary.
func Embedded() (*Library, error) {
	if library, err := fromCatalogue(embedded); library != nil || err != nil {
		return library, err
	}
	return Load(embedded)
}

// parsedLater parses the files on demand.
func parsedLater(fsys fs.FS) func() (map[string]*ast.Module, error) {
	return sync.OnceValues(func() (map[string]*ast.Module, error) { return parse(fsys, "") })
}

// newLibrary makes a library of modules that are parsed.
func newLibrary(modules map[string]*ast.Module) (*Library, error) {
	library := &Library{
		parsed:   func() (map[string]*ast.Module, error) { return modules, nil },
		revision: revisionOf(modules),
	}
	if err := library.catalogue(modules); err != nil {
		return nil, err
	}
	return library, nil
}

// Modules are the modules by file name, tests left out. Copy one before you change it.
func (l *Library) Modules() (map[string]*ast.Module, error) { return l.parsed() }

// Files are the Rego files that are built into the binary, tests included.
func Files() fs.FS { return embedded }

// Load parses every .rego file below fsys, except tests, and builds the catalogue from the METADATA of the packages
// stateward.rules.* and stateward.mutations.*. The error joins all that is wrong, each with file and line.
func Load(fsys fs.FS) (*Library, error) {
	modules, err := parse(fsys, "")
	if err != nil {
		return nil, err
	}
	return newLibrary(modules)
}

// Rule returns the rule or mutation with this id, or which once had it.
func (l *Library) Rule(id string) (Rule, bool) {
	for _, rules := range [][]Rule{l.Rules, l.Mutations} {
		if index := slices.IndexFunc(rules, func(rule Rule) bool { return rule.Called(id) }); index >= 0 {
			return rules[index], true
		}
	}
	return Rule{}, false
}

// All returns the rules, then the mutations.
func (l *Library) All() []Rule {
	all := make([]Rule, 0, len(l.Rules)+len(l.Mutations))
	return append(append(all, l.Rules...), l.Mutations...)
}

// Registered returns the rules that an API server asks about.
func (l *Library) Registered() []Rule {
	return slices.DeleteFunc(slices.Clone(l.Rules), func(rule Rule) bool { return rule.OptIn && !slices.Contains(l.OptedIn, rule.ID) })
}

// InMutatingPhase returns the rules with a notice, then the mutations.
func (l *Library) InMutatingPhase() (rules []Rule) {
	for _, rule := range l.Rules {
		if rule.Notices {
			rules = append(rules, rule)
		}
	}
	return append(rules, l.Mutations...)
}

// parse parses all files at a time: nothing of a program can be asked before.
func parse(fsys fs.FS, root string) (map[string]*ast.Module, error) {
	files, err := sources(fsys)
	modules, problems := make([]*ast.Module, len(files)), make([]error, len(files))
	var parsers sync.WaitGroup
	for index, file := range files {
		parsers.Go(func() { modules[index], problems[index] = parseFile(fsys, root, file) })
	}
	parsers.Wait()
	if err := errors.Join(err, errors.Join(problems...)); err != nil {
		return nil, fmt.Errorf("parse rule library: %w", err)
	}
	named := make(map[string]*ast.Module, len(files))
	for index, file := range files {
		named[path.Join(root, file)] = modules[index]
	}
	return named, nil
}

// sources lists every .rego file below fsys, except tests.
func sources(fsys fs.FS) (files []string, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		files = append(files, name)
		return nil
	})
	return files, err
}

func parseFile(fsys fs.FS, root, file string) (*ast.Module, error) {
	source, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	return ast.ParseModuleWithOpts(path.Join(root, file), string(source), ast.ParserOptions{ProcessAnnotation: true})
}

// Revision names the library by its content: equal sources, equal revision.
func (l *Library) Revision() string { return l.revision }

// IsBuiltIn reports whether these packages, each of one file of its own below lib, are those that are built into the binary.
func (l *Library) IsBuiltIn(packages []string) (bool, error) {
	modules, err := l.Modules()
	if err != nil {
		return false, err
	}
	same := 0
	for _, module := range modules {
		name := module.Package.Path.String()
		if !slices.Contains(packages, name) {
			continue
		}
		builtIn, err := parseFile(embedded, "", path.Join("lib", name[strings.LastIndex(name, ".")+1:]+".rego"))
		if err != nil {
			return false, err
		}
		if !module.Equal(builtIn) {
			return false, nil
		}
		same++
	}
	return same == len(packages), nil
}

func revisionOf(modules map[string]*ast.Module) string {
	sum := sha256.New()
	for _, name := range sortedNames(modules) {
		fmt.Fprintf(sum, "%s\n%s\n", name, modules[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}
