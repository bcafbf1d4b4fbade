package artifact

import (
	"context"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/memory"
)

const (
	// conftestTag ends the tag of the shape that conftest reads: one artifact cannot serve both, for OPA wants one layer.
	conftestTag = "-conftest"
	// opaConfig, policyLayer and conftestConfig are the media types that OPA and conftest look for. Sources:
	// v1/download/oci_download.go of OPA, internal/commands/push.go of conftest.
	opaConfig      = ocispec.MediaTypeImageConfig
	conftestConfig = "application/vnd.unknown.config.v1+json"
	policyLayer    = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"
	// anyTime is the creation time of every artifact: equal files have one digest, whenever they are pushed.
	anyTime = "1970-01-01T00:00:00Z"
)

// Pushed is an artifact in the registry.
type Pushed struct {
	// Reference names it by its tag, Digest by its content.
	Reference, Digest string
	// For says whose shape it is.
	For string
}

// Push writes the files in both shapes: OPA's under the tag of the reference, conftest's under the same with "-conftest".
func Push(ctx context.Context, reference string, files []File, revision string) ([]Pushed, error) {
	repository, tag, err := open(reference)
	if err != nil {
		return nil, err
	}
	if tag == "" || isDigest(tag) {
		return nil, fmt.Errorf("push %s: give it a tag, as %s:v1", reference, repository.Reference.Repository)
	}
	store := memory.New()
	shapes := []struct {
		name, tag string
		pack      func(context.Context, *memory.Store, []File, string) (ocispec.Descriptor, error)
	}{{"conftest", tag + conftestTag, packForConftest}, {"opa", tag, packForOPA}}
	var pushed []Pushed
	for _, shape := range shapes {
		manifest, err := shape.pack(ctx, store, files, revision)
		if err != nil {
			return pushed, fmt.Errorf("pack for %s: %w", shape.name, err)
		}
		if err := store.Tag(ctx, manifest, shape.tag); err != nil {
			return pushed, err
		}
		if _, err := oras.Copy(ctx, store, shape.tag, repository, shape.tag, oras.DefaultCopyOptions); err != nil {
			return pushed, fmt.Errorf("push %s for %s: %w", reference, shape.name, err)
		}
		named := repository.Reference
		named.Reference = shape.tag
		pushed = append(pushed, Pushed{Reference: named.String(), Digest: manifest.Digest.String(), For: shape.name})
	}
	return pushed, nil
}

func packForOPA(ctx context.Context, store *memory.Store, files []File, revision string) (ocispec.Descriptor, error) {
	packed, err := archive(files, revision)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	layer, err := oras.PushBytes(ctx, store, ocispec.MediaTypeImageLayerGzip, packed)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return manifest(ctx, store, opaConfig, []ocispec.Descriptor{layer}, revision)
}

func packForConftest(ctx context.Context, store *memory.Store, files []File, revision string) (ocispec.Descriptor, error) {
	layers := make([]ocispec.Descriptor, 0, len(files))
	for _, file := range files {
		layer, err := oras.PushBytes(ctx, store, policyLayer, file.Content)
		if err != nil {
			return ocispec.Descriptor{}, err
		}
		layer.Annotations = map[string]string{ocispec.AnnotationTitle: file.Path}
		layers = append(layers, layer)
	}
	return manifest(ctx, store, conftestConfig, layers, revision)
}

func manifest(ctx context.Context, store *memory.Store, config string, layers []ocispec.Descriptor, revision string) (ocispec.Descriptor, error) {
	return oras.PackManifest(ctx, store, oras.PackManifestVersion1_0, config, oras.PackManifestOptions{
		Layers: layers,
		ManifestAnnotations: map[string]string{
			ocispec.AnnotationTitle: "stateward", ocispec.AnnotationRevision: revision, ocispec.AnnotationCreated: anyTime,
		},
	})
}
