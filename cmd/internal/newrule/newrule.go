// Package newrule writes the folder of a rule that a user begins: complete, and passing its own tests.
package newrule

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed template
var files embed.FS

// word is what ids and categories are made of, so that they are names of folders and of Rego packages.
var word = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Write writes the folder category/id below root and returns its files. It overwrites nothing.
func Write(root, category, id string) (written []string, err error) {
	for what, text := range map[string]string{"rule": id, "category": category} {
		if !word.MatchString(text) {
			return nil, fmt.Errorf("%q is not a valid name for a %s: use lower case words with hyphens, such as team-label", text, what)
		}
	}
	folder := filepath.Join(root, category, id)
	if _, err := os.Stat(folder); err == nil {
		return nil, fmt.Errorf("%s is there already: choose another name, or delete it first", folder)
	}
	parent := "stateward.custom.rules" + step(category)
	values := struct{ ID, Package, Test string }{id, parent + step(id), fmt.Sprintf("%s[%q]", parent, id+"_test")}
	err = fs.WalkDir(files, "template", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		page, err := render(name, values)
		if err != nil {
			return err
		}
		target := strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".tmpl")
		target = filepath.Join(folder, strings.ReplaceAll(target, "rule", strings.ReplaceAll(id, "-", "_")))
		written = append(written, target)
		return errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, page, 0o644))
	})
	return written, err
}

func render(name string, values any) ([]byte, error) {
	source, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	// Rego has braces of its own.
	parsed, err := template.New(name).Delims("<<", ">>").Parse(string(source))
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := parsed.Execute(&page, values); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}

// step is one element of a package path: .name, or ["na-me"].
func step(name string) string {
	if strings.Contains(name, "-") {
		return fmt.Sprintf("[%q]", name)
	}
	return "." + name
}
