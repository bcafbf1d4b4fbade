// Package fragments has settings for programs that make or change StatefulSets: one file for each, with the sources of what
// it says. Guardrails take them by name, in spec.include. Each file is a Guardrails document and works alone as well.
package fragments

import (
	"embed"
	"path"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists all fragments.
func Names() (names []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())))
	}
	slices.Sort(names)
	return names
}

// Source is the YAML of a fragment; found is false for an unknown name.
func Source(name string) (source []byte, found bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	source, err := files.ReadFile(name + ".yaml")
	return source, err == nil
}
