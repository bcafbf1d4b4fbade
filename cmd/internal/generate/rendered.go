package generate

import (
	"context"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

const renderedHeader = "# Rendered from manifests/overlays by `make manifests`; do not edit.\n"

// Overlays are the ways to install, by their folders in manifests/overlays.
func Overlays() []string { return []string{"audit-only", "cert-manager", "ha", "self-managed"} }

// Rendered returns one file for each overlay of the repository in the folder root, by its path in there: all that
// `kubectl apply -k` would apply, in that order.
func Rendered(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, overlay := range Overlays() {
		text, err := manifest.Build(context.Background(), filesys.MakeFsOnDisk(), filepath.Join(root, "manifests", "overlays", overlay), manifest.Options{})
		if err != nil {
			return nil, err
		}
		files["manifests/rendered/"+overlay+".yaml"] = append([]byte(renderedHeader), text...)
	}
	return files, nil
}
