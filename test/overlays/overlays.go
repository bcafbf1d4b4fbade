// Package overlays puts the manifests together in ways that no folder of theirs has.
package overlays

import (
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/krusty"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// Everything builds the overlay ha with every component from the repository at root, as YAML documents.
func Everything(root string) ([]byte, error) {
	files := filesys.MakeFsInMemory()
	if err := copyManifests(root, files); err != nil {
		return nil, err
	}
	kustomization := kustomize.Kustomization{
		TypeMeta:  kustomize.TypeMeta{APIVersion: kustomize.KustomizationVersion, Kind: kustomize.KustomizationKind},
		Resources: []string{"../manifests/overlays/ha"},
	}
	folders, err := os.ReadDir(filepath.Join(root, "manifests", "components"))
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		// The overlay has these already.
		if !slices.Contains([]string{"pdb", "topology-spread"}, folder.Name()) {
			kustomization.Components = append(kustomization.Components, "../manifests/components/"+folder.Name())
		}
	}
	encoded, err := yaml.Marshal(kustomization)
	if err != nil {
		return nil, err
	}
	if err := files.WriteFile("/everything/kustomization.yaml", encoded); err != nil {
		return nil, err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/everything")
	if err != nil {
		return nil, err
	}
	return built.AsYaml()
}

func copyManifests(root string, files filesys.FileSystem) error {
	return filepath.WalkDir(filepath.Join(root, "manifests"), func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return files.WriteFile("/"+filepath.ToSlash(name), text)
	})
}
