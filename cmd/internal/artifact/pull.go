package artifact

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
)

const (
	// maxArtifact bounds all layers together, maxManifest the list of them, in bytes.
	maxArtifact = 16 << 20
	maxManifest = 4 << 20
)

// Pull reads an artifact of either shape, and its digest. What is not what the digest says is refused.
func Pull(ctx context.Context, reference string) (files []File, digest string, err error) {
	repository, tag, err := open(reference)
	if err != nil {
		return nil, "", err
	}
	if tag == "" {
		return nil, "", fmt.Errorf("pull %s: give a tag or a digest", reference)
	}
	described, listed, err := fetchManifest(ctx, repository, tag)
	if err != nil {
		return nil, "", fmt.Errorf("pull %s: %w", reference, err)
	}
	for _, layer := range listed.Layers {
		read, err := readLayer(ctx, repository, layer)
		if err != nil {
			return nil, "", fmt.Errorf("pull %s: layer %s: %w", reference, layer.Digest, err)
		}
		files = append(files, read...)
	}
	return files, described.Digest.String(), nil
}

// Library reads a whole rule library out of an artifact that is named by its digest.
func Library(ctx context.Context, reference string) (fs.FS, error) {
	files, err := pullPinned(ctx, reference)
	if err != nil {
		return nil, err
	}
	return folderOf(files), nil
}

// Rules reads the rules of users out of an artifact that is named by its digest.
func Rules(ctx context.Context, reference string) (fs.FS, error) {
	files, err := pullPinned(ctx, reference)
	if err != nil {
		return nil, err
	}
	own := Custom(files)
	if len(own) == 0 {
		return nil, fmt.Errorf("%s: the artifact has no rule below %s/: push it with `stateward bundle push --rules`", reference, CustomFolder)
	}
	return folderOf(own), nil
}

// pullPinned is Pull by a digest alone: a tag can mean something else tomorrow.
func pullPinned(ctx context.Context, reference string) ([]File, error) {
	_, tag, err := open(reference)
	if err != nil {
		return nil, err
	}
	files, digest, err := Pull(ctx, reference)
	if err != nil {
		return nil, err
	}
	if !isDigest(tag) {
		return nil, fmt.Errorf("%s: use its digest, which is now @%s", reference, digest)
	}
	return files, nil
}

func folderOf(files []File) fs.FS {
	folder := fstest.MapFS{}
	for _, file := range files {
		folder[file.Path] = &fstest.MapFile{Data: file.Content, Mode: 0o444}
	}
	return folder
}

func fetchManifest(ctx context.Context, repository *remote.Repository, tag string) (ocispec.Descriptor, ocispec.Manifest, error) {
	var listed ocispec.Manifest
	described, err := repository.Resolve(ctx, tag)
	if err != nil {
		return described, listed, err
	}
	if described.MediaType != ocispec.MediaTypeImageManifest {
		return described, listed, fmt.Errorf("it is a %s, not an artifact with rules", described.MediaType)
	}
	if described.Size > maxManifest {
		return described, listed, fmt.Errorf("its manifest has %d bytes, and at most %d are read", described.Size, maxManifest)
	}
	raw, err := content.FetchAll(ctx, repository, described)
	if err != nil {
		return described, listed, err
	}
	if err := json.Unmarshal(raw, &listed); err != nil {
		return described, listed, fmt.Errorf("read manifest: %w", err)
	}
	var total int64
	for _, layer := range listed.Layers {
		total += layer.Size
	}
	if total > maxArtifact {
		return described, listed, fmt.Errorf("it has %d bytes, and at most %d are read", total, maxArtifact)
	}
	return described, listed, nil
}

func readLayer(ctx context.Context, repository *remote.Repository, layer ocispec.Descriptor) ([]File, error) {
	switch layer.MediaType {
	case policyLayer:
		name := layer.Annotations[ocispec.AnnotationTitle]
		if !fs.ValidPath(name) || path.Ext(name) != ".rego" {
			return nil, fmt.Errorf("%q is not the path of a Rego file", name)
		}
		raw, err := content.FetchAll(ctx, repository, layer)
		return []File{{Path: name, Content: raw}}, err
	case ocispec.MediaTypeImageLayerGzip:
		raw, err := content.FetchAll(ctx, repository, layer)
		if err != nil {
			return nil, err
		}
		return unpack(raw)
	default:
		return nil, fmt.Errorf("is a %s, neither a bundle of OPA nor a policy of conftest", layer.MediaType)
	}
}

// unpack reads a bundle of OPA, within the limit when unpacked too.
func unpack(raw []byte) (files []File, err error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	bounded := &io.LimitedReader{R: unzipped, N: maxArtifact}
	archive := tar.NewReader(bounded)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) && bounded.N > 0 {
			return files, nil
		}
		if err == nil && path.Ext(header.Name) != ".rego" {
			continue
		}
		var content []byte
		if err == nil {
			content, err = io.ReadAll(archive)
		}
		if bounded.N == 0 {
			return nil, fmt.Errorf("read bundle: it unpacks to more than %d bytes", maxArtifact)
		}
		if err != nil {
			return nil, fmt.Errorf("read bundle: %w", err)
		}
		name := strings.TrimPrefix(header.Name, "/")
		if !fs.ValidPath(name) {
			return nil, fmt.Errorf("%q is not the path of a Rego file", header.Name)
		}
		files = append(files, File{Path: name, Content: content})
	}
}
