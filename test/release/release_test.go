package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/cluster"
)

// TestReleaseIsReproducible builds a release for this machine's platform twice.
func TestReleaseIsReproducible(t *testing.T) {
	first, second := build(t), build(t)
	if diff := cmp.Diff(read(t, first.folder, "checksums.txt"), read(t, second.folder, "checksums.txt")); diff != "" {
		t.Errorf("checksums (-first +second):\n%s", diff)
	}
}

func TestReleaseCanBeInstalled(t *testing.T) {
	made := build(t)
	digests := read(t, made.folder, "digests.txt")
	image, _, _ := strings.Cut(digests, "\n")
	if !strings.Contains(read(t, made.folder, "install-ha.yaml"), "image: "+image+"\n") {
		t.Errorf("the manifests do not use %s", image)
	}
	archived := "kubectl-stateward_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	sum, _, _ := strings.Cut(line(read(t, made.folder, "checksums.txt"), archived), " ")
	if plugin := read(t, made.folder, "stateward.krew.yaml"); sum == "" || !strings.Contains(plugin, "sha256: "+sum+"\n") {
		t.Errorf("the krew manifest has no %q of %s:\n%s", sum, archived, plugin)
	}

	tools, err := cluster.Build(t.Context(), t.Output(), "helm")
	must(t, err)
	pull := exec.CommandContext(t.Context(), tools["helm"], "show", "chart", "oci://"+inside+"/charts/stateward", "--version", "0.0.0-test", "--plain-http")
	pull.Env = append(os.Environ(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HTTP_PROXY="+made.proxy.String(), "NO_PROXY=")
	output, err := pull.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "appVersion: v0.0.0-test") {
		t.Errorf("helm show chart: %v\n%s", err, output)
	}
}

func TestVersionMustBeSemantic(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "1.2.3", "v1.2", "latest"} {
		made := release{version: version}
		if err := made.run(t.Context()); err == nil {
			t.Errorf("version %q was accepted", version)
		}
	}
}

// build makes a release for one platform, pushed to a registry that lives as long as the test.
func build(t *testing.T) *release {
	t.Helper()
	server := newRegistry()
	t.Cleanup(server.Close)
	made := &release{
		version: "v0.0.0-test", folder: filepath.Join(t.TempDir(), "dist"),
		platforms: []string{runtime.GOOS + "/" + runtime.GOARCH}, images: []string{"linux/" + runtime.GOARCH},
	}
	must(t, made.pushInside(server.URL))
	must(t, made.run(t.Context()))
	return made
}

// line returns the line that contains words.
func line(page, words string) string {
	for each := range strings.Lines(page) {
		if strings.Contains(each, words) {
			return each
		}
	}
	return ""
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	must(t, err)
	return string(content)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
