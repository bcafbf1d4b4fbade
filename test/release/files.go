package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/stateward/stateward/test/release/archive"
)

// binaries builds an archive for each platform and returns their digests by name.
func (r *release) binaries(ctx context.Context) (digests map[string]string, err error) {
	license, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	digests = map[string]string{}
	for _, platform := range r.platforms {
		fmt.Println("building the binary for", platform)
		system, processor, _ := strings.Cut(platform, "/")
		binary, err := r.build(ctx, system, processor)
		if err != nil {
			return nil, err
		}
		file, packed, err := pack(system, processor, license, binary)
		if err != nil {
			return nil, err
		}
		digests[file] = digest(packed)
		if err := r.write(file, packed); err != nil {
			return nil, err
		}
	}
	return digests, nil
}

// pack makes the archive that people of a system expect, and its name.
func pack(system, processor string, license, binary []byte) (file string, packed []byte, err error) {
	name := "kubectl-stateward"
	file = fmt.Sprintf("%s_%s_%s", name, system, processor)
	files := []archive.File{{Name: "LICENSE", Mode: 0o644, Content: license}, {Name: name, Mode: 0o755, Content: binary}}
	if system == "windows" {
		files[1].Name += ".exe"
		packed, err = archive.Zip(files)
		return file + ".zip", packed, err
	}
	packed, err = archive.Tar(files)
	return file + ".tar.gz", packed, err
}

// recordVersion has the Go toolchain record the version, whatever flags this machine has for other builds.
const recordVersion = "GOFLAGS=-buildvcs=auto"

// build returns the binary for a platform. The Go toolchain records the version: that of the tag, or of the commit.
func (r *release) build(ctx context.Context, system, processor string) ([]byte, error) {
	scratch, err := os.MkdirTemp("", "stateward-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	file := filepath.Join(scratch, "stateward")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", file, "./cmd/stateward")
	command.Dir = r.root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, recordVersion)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build for %s/%s: %w\n%s", system, processor, err, output)
	}
	if err := r.reports(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// reports is an error if a binary that others get reports another version than that of the release.
func (r *release) reports(binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read the version in the binary: %w", err)
	}
	if r.tagged && info.Main.Version != r.version {
		return fmt.Errorf("the binary reports version %s and not %s: check out the commit of the tag %[2]s, without changes to its files", info.Main.Version, r.version)
	}
	return nil
}

// krew fills in the plugin manifest with the digests of the archives.
func (r *release) krew(digests map[string]string) error {
	source, err := os.ReadFile(filepath.Join(r.root, ".krew.yaml"))
	if err != nil {
		return err
	}
	missing := ""
	filled, err := template.New("krew").Funcs(template.FuncMap{"addURIAndSha": func(uri, _ string) string {
		address := strings.ReplaceAll(uri, "{{ .TagName }}", r.version)
		sum := digests[address[strings.LastIndex(address, "/")+1:]]
		if sum == "" {
			missing = address
		}
		return fmt.Sprintf("uri: %s\n      sha256: %q", address, sum)
	}}).Parse(string(source))
	if err != nil {
		return fmt.Errorf("read .krew.yaml: %w", err)
	}
	var page bytes.Buffer
	if err := filled.Execute(&page, map[string]string{"TagName": r.version}); err != nil {
		return fmt.Errorf("fill in .krew.yaml: %w", err)
	}
	if missing != "" && r.complete() {
		return fmt.Errorf(".krew.yaml names %s, which is not built", missing)
	}
	return r.write("stateward.yaml", page.Bytes())
}

// complete says whether all platforms are built, as for a release.
func (r *release) complete() bool { return len(r.platforms) >= 6 }

// manifests writes what each overlay applies, with the image of this release.
func (r *release) manifests(image string) error {
	rendered, err := filepath.Glob(filepath.Join(r.root, "manifests", "rendered", "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range rendered {
		page, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		const placeholder = "image: stateward:v0.1.0\n"
		if strings.Count(string(page), placeholder) != 1 {
			return fmt.Errorf("%s has no %q to put the image in", file, placeholder)
		}
		page = []byte(strings.Replace(string(page), placeholder, "image: "+image+"\n", 1))
		if err := r.write("install-"+filepath.Base(file), page); err != nil {
			return err
		}
	}
	return nil
}

// notes are the changes of this version; before a release, those that are not released yet.
func (r *release) notes() error {
	page, err := os.ReadFile(filepath.Join(r.root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	for _, heading := range []string{"\n## [" + strings.TrimPrefix(r.version, "v") + "]", "\n## [Unreleased]"} {
		if _, section, found := strings.Cut(string(page), heading); found {
			_, section, _ = strings.Cut(section, "\n")
			section, _, _ = strings.Cut(section, "\n## ")
			return r.write("notes.md", []byte(strings.TrimSpace(section)+"\n"))
		}
	}
	return fmt.Errorf("CHANGELOG.md has no section for %s", r.version)
}

// checksums writes the digests of all files, and the references of what was pushed.
func (r *release) checksums(pushed []string) error {
	if err := r.write("digests.txt", []byte(strings.Join(pushed, "\n")+"\n")); err != nil {
		return err
	}
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	var page strings.Builder
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(r.folder, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&page, "%s  %s\n", digest(content), entry.Name())
	}
	return r.write("checksums.txt", []byte(page.String()))
}

func (r *release) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(r.folder, name), content, 0o644)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
