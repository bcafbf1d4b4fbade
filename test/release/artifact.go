package main

import (
	"bytes"
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// withConfig is an artifact with a config that is not one of an image.
type withConfig struct {
	v1.Image
	config    []byte
	mediaType types.MediaType
}

func (a withConfig) RawConfigFile() ([]byte, error) { return a.config, nil }

func (a withConfig) ConfigName() (v1.Hash, error) {
	sum, _, err := v1.SHA256(bytes.NewReader(a.config))
	return sum, err
}

func (a withConfig) Manifest() (*v1.Manifest, error) {
	manifest, err := a.Image.Manifest()
	if err != nil {
		return nil, err
	}
	manifest = manifest.DeepCopy()
	sum, err := a.ConfigName()
	if err != nil {
		return nil, err
	}
	manifest.Config = v1.Descriptor{MediaType: a.mediaType, Size: int64(len(a.config)), Digest: sum}
	return manifest, nil
}

func (a withConfig) RawManifest() ([]byte, error) {
	manifest, err := a.Manifest()
	if err != nil {
		return nil, err
	}
	return json.Marshal(manifest)
}

func (a withConfig) Digest() (v1.Hash, error) { return partial.Digest(a) }

func (a withConfig) Size() (int64, error) { return partial.Size(a) }
