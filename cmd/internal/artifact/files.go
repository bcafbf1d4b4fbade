// Package artifact puts the rule library into an OCI registry, in the two shapes that stock tools read, and takes rules
// out of one.
package artifact

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
)

// CustomFolder holds rules of users, beside the built-in ones.
const CustomFolder = "custom"

// File is one Rego file; its path has slashes and no leading one.
type File struct {
	Path    string
	Content []byte
}

// Collect reads the Rego files of the built-in library and, into CustomFolder, those of a user, where there are any.
// Tests stay behind.
func Collect(builtin, custom fs.FS) ([]File, error) {
	files, err := regoFiles(builtin, "")
	if err != nil || custom == nil {
		return files, err
	}
	own, err := regoFiles(custom, CustomFolder)
	return append(files, own...), err
}

func regoFiles(fsys fs.FS, folder string) (files []File, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		files = append(files, File{Path: path.Join(folder, name), Content: content})
		return err
	})
	return files, err
}

// Custom returns the files of users, without CustomFolder.
func Custom(files []File) (own []File) {
	for _, file := range files {
		if rest, found := strings.CutPrefix(file.Path, CustomFolder+"/"); found {
			own = append(own, File{Path: rest, Content: file.Content})
		}
	}
	return own
}

// archive is the files as OPA's own bundle, which owns nothing but their packages: other bundles may stand beside it.
// Equal files make equal bytes.
func archive(files []File, revision string) ([]byte, error) {
	built := bundle.Bundle{Data: map[string]any{}}
	roots := []string{}
	for _, file := range files {
		module, err := ast.ParseModule(file.Path, string(file.Content))
		if err != nil {
			return nil, err
		}
		if root := strings.Trim(module.Package.Path[1].Value.String(), `"`); !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
		built.Modules = append(built.Modules, bundle.ModuleFile{URL: file.Path, Path: file.Path, Raw: file.Content, Parsed: module})
	}
	slices.Sort(roots)
	built.Manifest = bundle.Manifest{Revision: revision, Roots: &roots}
	built.Manifest.SetRegoVersion(ast.RegoV1)
	var out bytes.Buffer
	if err := bundle.NewWriter(&out).DisableFormat(true).Write(built); err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	return out.Bytes(), nil
}
