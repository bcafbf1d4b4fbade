package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// BuildKubernetes builds the API server, the controller manager and the
// scheduler of another Kubernetes version, such as v1.35.4, into
// bin/kubernetes-VERSION and returns that folder, which KUBEBUILDER_ASSETS may
// name. It builds only what is missing. kubectl stays that of all other tests:
// before 1.37 `kubectl delete pod` can wait for ever for a pod that its
// StatefulSet makes again within milliseconds, as it does without containers.
func BuildKubernetes(ctx context.Context, out io.Writer, version string) (folder string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	folder = filepath.Join(root, "bin", "kubernetes-"+version)
	if err := makeModule(ctx, folder, version); err != nil {
		return "", fmt.Errorf("make a module of Kubernetes %s: %w", version, err)
	}
	var jobs []job
	for _, tool := range controlPlaneTools() {
		job, err := newJob(ctx, tool, folder, folder)
		if err != nil {
			return "", err
		}
		jobs = append(jobs, job)
	}
	return folder, buildAll(ctx, out, root, jobs)
}

func controlPlaneTools() (tools []Tool) {
	for _, tool := range Tools() {
		if tool.controlPlane() {
			tools = append(tools, tool)
		}
	}
	return tools
}

// makeModule writes the go.mod and go.sum of a module that builds these
// programs, unless they are there. They are Kubernetes' own, so that it is
// built with the dependencies that it was released with; only the folders of
// its staging area, which the module of a release lacks, become the modules
// that are published from them.
func makeModule(ctx context.Context, folder, version string) error {
	if isFile(filepath.Join(folder, "go.mod")) {
		return nil
	}
	sources, err := ModuleFolder(ctx, "kubectl", "k8s.io/kubernetes@"+version)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(folder, ".unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(sources, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(unfinished, name), content, 0o644); err != nil {
			return err
		}
	}
	if err := completeModule(ctx, unfinished, version); err != nil {
		return err
	}
	// The file that says that the module is complete comes last.
	for _, name := range []string{"go.sum", "go.mod"} {
		if err := os.Rename(filepath.Join(unfinished, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func completeModule(ctx context.Context, dir, version string) error {
	described, err := goCommand(ctx, dir, "mod", "edit", "-json")
	if err != nil {
		return err
	}
	edits, err := moduleEdits(described, version)
	if err != nil {
		return err
	}
	if _, err := goCommand(ctx, dir, append([]string{"mod", "edit"}, edits...)...); err != nil {
		return err
	}
	listing := []string{"list", "-mod=mod", "-deps"}
	for _, tool := range controlPlaneTools() {
		listing = append(listing, tool.Package)
	}
	// This adds the sums of the staging modules.
	_, err = goCommand(ctx, dir, listing...)
	return err
}

// moduleEdits are the arguments of `go mod edit` for the go.mod of Kubernetes,
// as `go mod edit -json` describes it.
func moduleEdits(described []byte, version string) ([]string, error) {
	replaced, err := replaceStaging(described, version)
	return append([]string{"-module=kubernetes", "-require=k8s.io/kubernetes@" + version}, replaced...), err
}

// replaceStaging replaces the folders of Kubernetes' staging area by the modules of a version.
func replaceStaging(described []byte, version string) (edits []string, err error) {
	var goMod struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := json.Unmarshal(described, &goMod); err != nil {
		return nil, fmt.Errorf("read the go.mod of Kubernetes: %w", err)
	}
	// The staging modules of v1.35.4 are v0.35.4.
	staged := "v0" + strings.TrimPrefix(version, "v1")
	for _, replaced := range goMod.Replace {
		if strings.HasPrefix(replaced.New.Path, "./staging/") {
			edits = append(edits, "-replace="+replaced.Old.Path+"="+replaced.Old.Path+"@"+staged)
		}
	}
	return edits, nil
}

// ModuleOf writes the go.mod of a folder for another version of Kubernetes, for `go test -mod=mod -modfile`, which adds the
// sums, and returns its path in bin.
func ModuleOf(ctx context.Context, folder, version string) (file string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	sources, err := ModuleFolder(ctx, "kubectl", "k8s.io/kubernetes@"+version)
	if err != nil {
		return "", err
	}
	described, err := goCommand(ctx, folder, "mod", "edit", "-json", filepath.Join(sources, "go.mod"))
	if err != nil {
		return "", err
	}
	edits, err := replaceStaging(described, version)
	if err != nil {
		return "", err
	}
	made := filepath.Join(root, "bin", "kubernetes-"+version)
	if err := os.MkdirAll(made, 0o755); err != nil {
		return "", err
	}
	file = filepath.Join(made, filepath.Base(folder)+".mod")
	for _, extension := range []string{".mod", ".sum"} {
		content, err := os.ReadFile(filepath.Join(folder, "go"+extension))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(strings.TrimSuffix(file, ".mod")+extension, content, 0o644); err != nil {
			return "", err
		}
	}
	edits = append(edits, "-replace=k8s.io/kubernetes=k8s.io/kubernetes@"+version, file)
	_, err = goCommand(ctx, folder, append([]string{"mod", "edit"}, edits...)...)
	return file, err
}
