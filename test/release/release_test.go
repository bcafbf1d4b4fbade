package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdxlib"

	"github.com/stateward/stateward/test/cluster"
)

func TestRelease(t *testing.T) {
	made := build(t)
	t.Run("is the same in a second run", made.isReproducible)
	t.Run("has a checksum for each file", made.hasChecksums)
	t.Run("has manifests with the digest of the image", made.installsItsImage)
	t.Run("has a chart that Helm pulls", made.hasChart)
	t.Run("has a plugin that krew installs", made.hasPlugin)
	t.Run("has an SPDX document for each image", made.hasSBOMs)
}

func (r *release) isReproducible(t *testing.T) {
	if diff := cmp.Diff(read(t, r.folder, "checksums.txt"), read(t, build(t).folder, "checksums.txt")); diff != "" {
		t.Errorf("checksums (-first +second):\n%s", diff)
	}
}

func (r *release) hasChecksums(t *testing.T) {
	var want []string
	entries, err := os.ReadDir(r.folder)
	must(t, err)
	for _, entry := range entries {
		if entry.Name() != "checksums.txt" {
			want = append(want, digest([]byte(read(t, r.folder, entry.Name())))+"  "+entry.Name())
		}
	}
	if diff := cmp.Diff(strings.Join(want, "\n")+"\n", read(t, r.folder, "checksums.txt")); diff != "" {
		t.Errorf("checksums.txt (-want +got):\n%s", diff)
	}
}

func (r *release) installsItsImage(t *testing.T) {
	image, _, _ := strings.Cut(read(t, r.folder, "digests.txt"), "\n")
	if !strings.Contains(read(t, r.folder, "install-ha.yaml"), "image: "+image+"\n") {
		t.Errorf("the manifests do not use %s", image)
	}
}

func (r *release) hasChart(t *testing.T) {
	pull := exec.CommandContext(t.Context(), tool(t, "helm"), "show", "chart", "oci://"+inside+"/charts/stateward", "--version", "0.0.0-test", "--plain-http")
	pull.Env = append(os.Environ(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HTTP_PROXY="+r.proxy.String(), "NO_PROXY=")
	output, err := pull.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "appVersion: v0.0.0-test") {
		t.Errorf("helm show chart: %v\n%s", err, output)
	}
}

// hasPlugin has krew check the manifest and install the archive of each platform that was built.
func (r *release) hasPlugin(t *testing.T) {
	manifest := filepath.Join(t.TempDir(), "stateward.yaml")
	// The archives of other platforms are not built in this test, and krew wants a digest of each.
	whole := strings.ReplaceAll(read(t, r.folder, "stateward.yaml"), `sha256: ""`, `sha256: "`+strings.Repeat("0", 64)+`"`)
	must(t, os.WriteFile(manifest, []byte(whole), 0o600))
	run(t, nil, tool(t, "validate-krew-manifest"), "-skip-install", "-manifest", manifest)
	for _, platform := range r.platforms {
		system, processor, _ := strings.Cut(platform, "/")
		archives, err := filepath.Glob(filepath.Join(r.folder, "kubectl-stateward_"+system+"_"+processor+".*"))
		must(t, err)
		if len(archives) != 1 {
			t.Fatalf("archives for %s: %v", platform, archives)
		}
		root := t.TempDir()
		run(t, []string{"KREW_ROOT=" + root, "KREW_OS=" + system, "KREW_ARCH=" + processor}, tool(t, "krew"), "install", "--manifest", manifest, "--archive", archives[0])
		if platform == runtime.GOOS+"/"+runtime.GOARCH {
			run(t, nil, filepath.Join(root, "bin", "kubectl-stateward"), "version")
		}
	}
}

func (r *release) hasSBOMs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(r.folder, "sbom-*"))
	must(t, err)
	described := 0
	for _, file := range files {
		document, err := spdxjson.Read(strings.NewReader(read(t, r.folder, filepath.Base(file))))
		must(t, err)
		if err := spdxlib.ValidateDocument(document); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if slices.ContainsFunc(document.Packages, func(p *spdx.Package) bool {
			return strings.HasPrefix(p.PackageName, "github.com/open-policy-agent/opa")
		}) {
			described++
		}
	}
	if described != len(r.images) {
		t.Errorf("%d documents list the modules of the binary, and there are %d images: %v", described, len(r.images), files)
	}
}

func TestBinaryReportsTheTagOfItsRelease(t *testing.T) {
	root, err := cluster.Root()
	must(t, err)
	tagged := &release{root: t.TempDir(), version: "v0.0.1", tagged: true}
	run(t, nil, "git", "clone", "--quiet", "--depth", "1", "--no-tags", "file://"+root, tagged.root)
	if _, err := tagged.build(t.Context(), runtime.GOOS, runtime.GOARCH); err == nil || !strings.Contains(err.Error(), "check out the commit of the tag v0.0.1") {
		t.Errorf("without the tag: %v", err)
	}
	run(t, nil, "git", "-C", tagged.root, "tag", tagged.version)
	if _, err := tagged.build(t.Context(), runtime.GOOS, runtime.GOARCH); err != nil {
		t.Errorf("with the tag: %v", err)
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

// build makes a release for this machine and for Windows, pushed to a registry that lives as long as the test.
func build(t *testing.T) *release {
	t.Helper()
	server := newRegistry()
	t.Cleanup(server.Close)
	made := &release{
		version: "v0.0.0-test", folder: filepath.Join(t.TempDir(), "dist"),
		platforms: []string{runtime.GOOS + "/" + runtime.GOARCH, "windows/" + runtime.GOARCH}, images: []string{"linux/" + runtime.GOARCH},
	}
	must(t, made.pushInside(server.URL))
	must(t, made.run(t.Context()))
	return made
}

func tool(t *testing.T, name string) string {
	t.Helper()
	tools, err := cluster.Built(t.Context(), name)
	must(t, err)
	return tools[name]
}

func run(t *testing.T, variables []string, program string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Env = append(os.Environ(), variables...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
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
