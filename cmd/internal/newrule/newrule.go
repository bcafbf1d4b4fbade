// Package newrule writes the folder of a rule that is begun: complete, and passing its own tests.
package newrule

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed template
var files embed.FS

// word is what ids and categories are made of, so that they are names of folders and of Rego packages.
var word = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Rule is a rule that is begun.
type Rule struct {
	// Root is the folder of the rules. Category becomes a folder in it, and ID one in that.
	Root, Category, ID string
	// Since is the version that has the rule first.
	Since string
	// Prefix is the package that the rules of Root are in.
	Prefix string
}

// Custom is a rule of a team's own.
func Custom(root, category, id string) Rule {
	return Rule{Root: root, Category: category, ID: id, Since: "v1", Prefix: "stateward.custom.rules"}
}

// Builtin is a rule of Stateward itself, in a category that exists; repository is the folder of its repository.
func Builtin(repository, category, id string) (Rule, error) {
	rule := Rule{Root: filepath.Join(repository, "policies", "rules"), Category: category, ID: id, Prefix: "stateward.rules"}
	categories, err := os.ReadDir(rule.Root)
	if err != nil {
		return rule, fmt.Errorf("built-in rules are in Stateward's repository: %w: run this at its root", err)
	}
	var names []string
	for _, each := range categories {
		names = append(names, each.Name())
	}
	if !slices.Contains(names, category) {
		return rule, fmt.Errorf("unknown category %q: use one of %s", category, strings.Join(names, ", "))
	}
	page, err := os.ReadFile(filepath.Join(repository, "manifests", "chart", "Chart.yaml"))
	if err != nil {
		return rule, fmt.Errorf("read the next version: %w", err)
	}
	var chart struct{ AppVersion string }
	if err := yaml.Unmarshal(page, &chart); err != nil {
		return rule, fmt.Errorf("read the next version: %w", err)
	}
	rule.Since = chart.AppVersion
	return rule, nil
}

// Write writes the rule's folder and returns its files. It overwrites nothing.
func (r Rule) Write() (written []string, err error) {
	for what, text := range map[string]string{"rule": r.ID, "category": r.Category} {
		if !word.MatchString(text) {
			return nil, fmt.Errorf("%q is not a valid name for a %s: use lower case words with hyphens, such as team-label", text, what)
		}
	}
	folder := filepath.Join(r.Root, r.Category, r.ID)
	if _, err := os.Stat(folder); err == nil {
		return nil, fmt.Errorf("%s is there already: choose another name, or delete it first", folder)
	}
	parent := r.Prefix + step(r.Category)
	// Rego has braces of its own.
	values := strings.NewReplacer("<<ID>>", r.ID, "<<PACKAGE>>", parent+step(r.ID), "<<TEST>>", fmt.Sprintf("%s[%q]", parent, r.ID+"_test"), "<<SINCE>>", r.Since)
	err = fs.WalkDir(files, "template", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		page, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		target := strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".tmpl")
		target = filepath.Join(folder, strings.ReplaceAll(target, "rule", strings.ReplaceAll(r.ID, "-", "_")))
		written = append(written, target)
		return errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, []byte(values.Replace(string(page))), 0o644))
	})
	return written, err
}

// step is one element of a package path: .name, or ["na-me"].
func step(name string) string {
	if strings.Contains(name, "-") {
		return fmt.Sprintf("[%q]", name)
	}
	return "." + name
}
