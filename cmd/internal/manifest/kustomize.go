package manifest

import (
	"fmt"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Kustomize returns the objects that `kubectl apply -k folder` would apply. Plugins and Helm charts are left to
// kustomize itself: they run programs. Places are those of the built text, which `kubectl kustomize folder` prints.
func Kustomize(folder string, opts Options) ([]Document, error) {
	text, err := Build(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, err
	}
	return Parse(BuiltName(folder), text, opts)
}

// BuiltName stands for a file in the places of what was built in a folder.
func BuiltName(folder string) string { return "kustomize:" + folder }

// Build returns what `kubectl kustomize folder` prints.
func Build(files filesys.FileSystem, folder string) ([]byte, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, folder)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be built: %w", folder, err)
	}
	text, err := built.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be written as YAML: %w", folder, err)
	}
	return text, nil
}
