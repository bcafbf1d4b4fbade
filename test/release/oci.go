package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/release/archive"
)

// image builds and pushes the image with ko and returns its reference by digest. A dry run has no internet to get ko's usual
// base from, so it uses an empty one.
func (r *release) image(ctx context.Context) (string, error) {
	fmt.Println("building the image for", strings.Join(r.images, ", "))
	tools, err := cluster.Build(ctx, os.Stderr, "ko")
	if err != nil {
		return "", err
	}
	sboms, err := os.MkdirTemp("", "stateward-sbom-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(sboms)
	command := exec.CommandContext(ctx, tools["ko"], "build", "--bare", "--tags", r.version, "--platform", strings.Join(r.images, ","), "--sbom-dir", sboms, "./cmd/stateward")
	command.Dir, command.Stderr = r.root, os.Stderr
	command.Env = append(os.Environ(), "KO_DOCKER_REPO="+r.registry+"/stateward", recordVersion)
	if r.proxy != nil {
		if err := r.pushBase(ctx); err != nil {
			return "", err
		}
		command.Env = append(command.Env, "KO_DEFAULTBASEIMAGE="+r.registry+"/base", "HTTP_PROXY="+r.proxy.String(), "NO_PROXY=")
	}
	printed, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("build the image: %w", err)
	}
	return strings.TrimSpace(string(printed)), r.copySBOMs(sboms)
}

// pushBase pushes an index of empty images, one for each platform.
func (r *release) pushBase(ctx context.Context) error {
	reference, err := name.ParseReference(r.registry + "/base")
	if err != nil {
		return err
	}
	index := v1.ImageIndex(empty.Index)
	for _, platform := range r.images {
		system, processor, _ := strings.Cut(platform, "/")
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: system, Architecture: processor, Config: v1.Config{User: "65532:65532"}})
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: processor}},
		})
	}
	return remote.WriteIndex(reference, index, r.access(ctx)...)
}

// access are the options for a registry: the credentials of docker, or the way into this process.
func (r *release) access(ctx context.Context) []remote.Option {
	if r.proxy == nil {
		return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	}
	return []remote.Option{remote.WithContext(ctx), remote.WithTransport(&http.Transport{Proxy: http.ProxyURL(r.proxy)})}
}

func (r *release) copySBOMs(folder string) error {
	return filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return r.write("sbom-"+strings.ReplaceAll(filepath.Base(file), ":", "-"), content)
	})
}

// chart packs the Helm chart under this version, pushes it and returns its reference by digest.
func (r *release) chart(ctx context.Context) (string, error) {
	fmt.Println("packing the chart")
	version := strings.TrimPrefix(r.version, "v")
	metadata, files, err := r.chartFiles(version)
	if err != nil {
		return "", err
	}
	packed, err := archive.Tar(files)
	if err != nil {
		return "", err
	}
	if err := r.write("stateward-"+version+".tgz", packed); err != nil {
		return "", err
	}
	return r.push(ctx, version, metadata, packed)
}

// chartFiles are the files of the chart; Chart.yaml has the version of the release, and comes back as JSON too.
func (r *release) chartFiles(version string) (metadata []byte, files []archive.File, err error) {
	root := filepath.Join(r.root, "manifests", "chart")
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if relative == "Chart.yaml" {
			if content, metadata, err = released(content, version, r.version); err != nil {
				return err
			}
		}
		files = append(files, archive.File{Name: "stateward/" + filepath.ToSlash(relative), Mode: 0o644, Content: content})
		return nil
	})
	return metadata, files, err
}

// released sets the versions in Chart.yaml.
func released(source []byte, version, appVersion string) (page, metadata []byte, err error) {
	var chart map[string]any
	if err := yaml.Unmarshal(source, &chart); err != nil {
		return nil, nil, fmt.Errorf("read Chart.yaml: %w", err)
	}
	chart["version"], chart["appVersion"] = version, appVersion
	if page, err = yaml.Marshal(chart); err != nil {
		return nil, nil, err
	}
	metadata, err = json.Marshal(chart)
	return page, metadata, err
}

// push pushes a chart in the form that Helm reads.
func (r *release) push(ctx context.Context, version string, metadata, packed []byte) (string, error) {
	repository, err := name.NewRepository(r.registry + "/charts/stateward")
	if err != nil {
		return "", err
	}
	const helm = "application/vnd.cncf.helm."
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image, err = mutate.AppendLayers(image, static.NewLayer(packed, helm+"chart.content.v1.tar+gzip"))
	if err != nil {
		return "", err
	}
	artifact := withConfig{image, metadata, helm + "config.v1+json"}
	sum, err := artifact.Digest()
	if err != nil {
		return "", err
	}
	err = remote.Write(repository.Tag(version), artifact, r.access(ctx)...)
	return repository.Name() + "@" + sum.String(), err
}
