package policies

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
)

// catalogued is the catalogue of the built-in rules as `make generate` writes it, so that a program can begin without
// parsing them.
//
//go:embed builtin.json
var catalogued []byte

// builtin is what catalogued holds.
type builtin struct {
	// Sources is the SHA-256 of the Rego files. The catalogue of others is not used.
	Sources           string       `json:"sources"`
	Revision          string       `json:"revision"`
	ManifestResources []string     `json:"manifestResources"`
	Rules             []storedRule `json:"rules"`
	Mutations         []storedRule `json:"mutations"`
}

// storedRule is a rule with what the documented form of a rule leaves out.
type storedRule struct {
	Rule
	Line    int    `json:"line"`
	Package string `json:"package"`
}

// Catalogue writes what `make generate` stores of the library below fsys.
func Catalogue(fsys fs.FS) ([]byte, error) {
	library, err := Load(fsys)
	if err != nil {
		return nil, err
	}
	hash, err := sourcesHash(fsys)
	if err != nil {
		return nil, err
	}
	written, err := json.MarshalIndent(builtin{
		Sources: hash, Revision: library.Revision(), ManifestResources: library.ManifestResources,
		Rules: stored(library.Rules), Mutations: stored(library.Mutations),
	}, "", "  ")
	return append(written, '\n'), err
}

func stored(rules []Rule) (all []storedRule) {
	for _, rule := range rules {
		all = append(all, storedRule{Rule: rule, Line: rule.Line, Package: rule.Package})
	}
	return all
}

func restored(all []storedRule) (rules []Rule) {
	for _, each := range all {
		rule := each.Rule
		rule.Line, rule.Package = each.Line, each.Package
		rules = append(rules, rule)
	}
	return rules
}

// fromCatalogue is the library of the stored catalogue; nil where that is of other sources.
func fromCatalogue(fsys fs.FS) (*Library, error) {
	hash, err := sourcesHash(fsys)
	if err != nil {
		return nil, err
	}
	var stored builtin
	if err := json.Unmarshal(catalogued, &stored); err != nil {
		return nil, fmt.Errorf("read catalogue of the built-in rules: %w", err)
	}
	if stored.Sources != hash {
		return nil, nil
	}
	return &Library{
		parsed: parsedLater(fsys), revision: stored.Revision, ManifestResources: stored.ManifestResources,
		Rules: restored(stored.Rules), Mutations: restored(stored.Mutations),
	}, nil
}

// sourcesHash is the SHA-256 of the names and contents of the Rego files, tests left out.
func sourcesHash(fsys fs.FS) (string, error) {
	files, err := sources(fsys)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, file := range files {
		content, err := fs.ReadFile(fsys, file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", file, len(content), content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
