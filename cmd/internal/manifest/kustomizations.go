package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// maxKustomizationBytes is far above what a person writes.
const maxKustomizationBytes = 4 << 20

// Parts are the files that kustomizations use for something else than an object to apply. The paths are absolute.
type Parts struct {
	resources map[string]bool
	others    map[string]Reason
}

// NewParts returns the parts of no kustomization.
func NewParts() Parts {
	return Parts{resources: map[string]bool{}, others: map[string]Reason{}}
}

// partsOf reads kustomizations. One that cannot be read lists nothing: building it says what is wrong.
func partsOf(files []string) Parts {
	p := NewParts()
	for _, file := range files {
		if text, err := readKustomization(file); err == nil {
			p.Add(file, text)
		}
	}
	return p
}

// Add adds the parts of the kustomization that a file holds.
func (p Parts) Add(file string, text []byte) {
	if kustomization, err := parseKustomization(text); err == nil {
		p.add(filepath.Dir(file), kustomization)
	}
}

// IsResource reports whether a kustomization names a file, or a folder that it lies in, as a resource.
func (p Parts) IsResource(file string) bool {
	absolute, err := filepath.Abs(file)
	return err == nil && p.resources[absolute]
}

// Reason says what a file is for, where it is not an object to apply. A file that is a resource too is one.
func (p Parts) Reason(file string) (Reason, bool) {
	absolute, err := filepath.Abs(file)
	if err != nil || p.resources[absolute] {
		return "", false
	}
	if reason, found := p.others[absolute]; found {
		return reason, true
	}
	for folder := filepath.Dir(absolute); folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if reason, found := p.others[folder]; found {
			return reason, true
		}
	}
	return "", false
}

func (p Parts) add(folder string, k types.Kustomization) {
	for _, name := range slices.Concat(k.Resources, k.Components) {
		if path, ok := localPath(folder, name); ok {
			p.resources[path] = true
		}
	}
	patches := append([]types.Patch{}, k.Patches...)
	for _, patch := range append(patches, k.PatchesJson6902...) { //nolint:staticcheck // older files have it
		p.other(folder, Patch, patch.Path)
	}
	for _, patch := range k.PatchesStrategicMerge { //nolint:staticcheck // older files have it
		p.other(folder, Patch, string(patch))
	}
	for _, replacement := range k.Replacements {
		p.other(folder, Kustomization, replacement.Path)
	}
	for _, list := range [][]string{k.Generators, k.Transformers, k.Validators, k.Configurations, k.Crds} {
		p.other(folder, Kustomization, list...)
	}
	for _, value := range k.OpenAPI {
		p.other(folder, Kustomization, value)
	}
	for _, generator := range k.ConfigMapGenerator {
		p.sources(folder, generator.KvPairSources)
	}
	for _, generator := range k.SecretGenerator {
		p.sources(folder, generator.KvPairSources)
	}
	for _, chart := range k.HelmCharts {
		p.other(folder, Kustomization, append([]string{chart.ValuesFile}, chart.AdditionalValuesFiles...)...)
	}
}

// sources are the files that become the data of a ConfigMap or Secret, written as PATH or KEY=PATH.
func (p Parts) sources(folder string, sources types.KvPairSources) {
	for _, file := range sources.FileSources {
		if _, path, keyed := strings.Cut(file, "="); keyed {
			file = path
		}
		p.other(folder, Kustomization, file)
	}
	p.other(folder, Kustomization, append(sources.EnvSources, sources.EnvSource)...)
}

func (p Parts) other(folder string, reason Reason, names ...string) {
	for _, name := range names {
		if path, ok := localPath(folder, name); ok {
			p.others[path] = reason
		}
	}
}

// localPath is the absolute path of what a kustomization names; text with a line end is written in place, and an address
// leads elsewhere.
func localPath(folder, name string) (string, bool) {
	if name == "" || strings.ContainsAny(name, "\n") || strings.Contains(name, "://") {
		return "", false
	}
	path, err := filepath.Abs(filepath.Join(folder, name))
	return path, err == nil
}

// readKustomization reads a file of bounded size.
func readKustomization(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKustomizationBytes {
		return nil, os.ErrInvalid
	}
	return os.ReadFile(file)
}

// parseKustomization reads a kustomization as kustomize does, fields of other versions aside.
func parseKustomization(text []byte) (k types.Kustomization, err error) {
	defer yamlpos.RecoverDecoder(&err)
	if err := yaml.Unmarshal(text, &k); err != nil {
		return k, err
	}
	// Bases are resources in older files.
	k.Resources = append(k.Resources, k.Bases...) //nolint:staticcheck // older files have it
	return k, nil
}
