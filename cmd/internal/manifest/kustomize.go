package manifest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// Kustomize returns the objects that `kubectl apply -k folder` would apply. Plugins and Helm charts are left to
// kustomize itself: they run programs. Places are those of the built text, which `kubectl kustomize folder` prints.
func Kustomize(ctx context.Context, folder string, opts Options) (Input, error) {
	text, err := Build(ctx, filesys.MakeFsOnDisk(), folder, opts)
	if err != nil {
		return Input{}, fileError(folder, err)
	}
	return Parse(BuiltName(folder), text, opts)
}

// BuiltName is the file name in positions of documents that were built from a folder.
func BuiltName(folder string) string { return "kustomize:" + folder }

// Build returns what `kubectl kustomize folder` prints. It ends with the context, even where kustomize does not, and with
// the limits of the options.
func Build(ctx context.Context, files filesys.FileSystem, folder string, opts Options) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	bounded := newBoundedFiles(ctx, files, opts.withDefaults())
	done := make(chan result, 1)
	go func() {
		text, err := build(bounded, folder)
		done <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("cannot be built: %w", ended(context.Cause(ctx)))
	case built := <-done:
		if built.err == nil {
			return built.text, nil
		}
		if reason := bounded.reason(); reason != nil {
			return nil, fmt.Errorf("cannot be built: %w", ended(reason))
		}
		return nil, fmt.Errorf("cannot be built: %w", advised(built.err, folder))
	}
}

func build(files filesys.FileSystem, folder string) (text []byte, err error) {
	defer yamlpos.RecoverDecoder(&err)
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, folder)
	if err != nil {
		return nil, err
	}
	return built.AsYaml()
}

// pipedError ends an error with the command that has the flags which Stateward does not.
type pipedError struct {
	err              error
	flag, folder, is string
}

func (e pipedError) Error() string {
	return fmt.Sprintf("%s: run `kustomize build %s %s | stateward check -`", e.is, e.flag, e.folder)
}

func (e pipedError) Unwrap() error { return e.err }

// advised names the pipe for what only kustomize itself does; its own words name flags that Stateward does not have.
func advised(err error, folder string) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "--enable-helm"):
		return pipedError{err, "--enable-helm", folder, "it renders Helm charts, for which kustomize runs helm"}
	case strings.Contains(text, "--enable-alpha-plugins"), strings.Contains(text, "external plugins disabled"),
		strings.Contains(text, "plugins disabled"):
		return pipedError{err, "--enable-alpha-plugins", folder, "it needs a plugin, which is a program that kustomize runs"}
	case strings.Contains(text, "--enable-exec"):
		return pipedError{err, "--enable-alpha-plugins --enable-exec", folder, "it needs a plugin, which is a program that kustomize runs"}
	case strings.Contains(text, "is not in or below"):
		return pipedError{err, "--load-restrictor LoadRestrictionsNone", folder, "it reads a file outside of its folder (" + restricted(text) + ")"}
	case strings.Contains(text, "git fetch"), strings.Contains(text, "dial tcp"):
		return fmt.Errorf("%s cannot be fetched: check the network, or copy it into the repository", remoteBase(text))
	default:
		return errors.New(strings.ReplaceAll(text, "\n", " "))
	}
}

// remoteBase is the part of kustomize's message that names what it fetches.
func remoteBase(text string) string {
	const marker = "accumulating resources from '"
	if index := strings.LastIndex(text, marker); index >= 0 {
		if name, _, closed := strings.Cut(text[index+len(marker):], "'"); closed {
			return "remote base " + name
		}
	}
	return "a remote base"
}

// restricted is the part of kustomize's message that names the file.
func restricted(text string) string {
	const marker = "security; file '"
	_, after, found := strings.Cut(text, marker)
	if name, _, closed := strings.Cut(after, "'"); found && closed {
		return name
	}
	return "load restriction"
}
