//go:build linux

// Package image_test builds the image as `ko build` does, and runs what is in it.
package image_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

// user is that of the Deployment; a kubelet refuses to start an image of root there.
const user = 65532

// certificates is where the Dockerfile puts the authorities, and where the machine has them, if it has.
const certificates = "etc/ssl/certs/ca-certificates.crt"

// TestImageRuns builds the image by .ko.yaml over what the last stage of the Dockerfile has besides the binary, pushes it, and
// runs what is in it.
func TestImageRuns(t *testing.T) {
	image := built(t)
	configuration, err := image.ConfigFile()
	must(t, err)
	got := map[string]string{
		"platform":   configuration.OS + "/" + configuration.Architecture,
		"user":       configuration.Config.User,
		"entrypoint": strings.Join(configuration.Config.Entrypoint, " "),
	}
	want := map[string]string{"platform": "linux/" + runtime.GOARCH, "user": fmt.Sprintf("%d:%d", user, user), "entrypoint": "/ko-app/stateward"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is configured (-want +got):\n%s", diff)
	}

	root := unpacked(t, image)
	static(t, filepath.Join(root, configuration.Config.Entrypoint[0]))
	must(t, os.WriteFile(filepath.Join(root, "web.yaml"), builders.MakeStatefulSet().Image("db:latest").JSON(), 0o644))
	for what, test := range map[string]struct {
		arguments []string
		code      int
		says      string
	}{
		"it tells its version":     {[]string{"version"}, 0, "stateward "},
		"it checks a manifest":     {[]string{"check", "/web.yaml"}, 1, "[image-tag]"},
		"it explains how to serve": {[]string{"serve", "--help"}, 0, "--cert-file"},
	} {
		t.Run(what, func(t *testing.T) {
			output, code := environment.Output(t, inside(t, root, configuration.Config.Entrypoint[0], test.arguments...))
			if code != test.code || !strings.Contains(output, test.says) {
				t.Errorf("exit code %d instead of %d, or no %q: %s", code, test.code, test.says, output)
			}
		})
	}
}

// built is the image that ko makes for this machine's processor.
func built(t *testing.T) v1.Image {
	t.Helper()
	binaries, err := cluster.Built(t.Context(), "ko")
	must(t, err)
	root, err := cluster.Root()
	must(t, err)
	file := filepath.Join(t.TempDir(), "image.tar")
	command := exec.CommandContext(t.Context(), binaries["ko"],
		"build", "--bare", "--platform", "linux/"+runtime.GOARCH, "--tarball", file, "./cmd/stateward")
	command.Dir = root
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	push(t, server.URL, base(t))
	address := strings.TrimPrefix(server.URL, "http://")
	command.Env = append(os.Environ(), "KO_DOCKER_REPO="+address+"/stateward", "KO_DEFAULTBASEIMAGE="+address+"/base")
	if output, code := environment.Output(t, command); code != 0 {
		t.Fatalf("ko build: %s", output)
	}
	image, err := tarball.ImageFromPath(file, nil)
	must(t, err)
	return image
}

// base is the last stage of the Dockerfile without the binary.
func base(t *testing.T) v1.Image {
	t.Helper()
	configuration := &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH, Config: v1.Config{User: dockerfile(t, "USER")}}
	image, err := mutate.ConfigFile(empty.Image, configuration)
	must(t, err)
	authorities, err := os.ReadFile("/" + certificates)
	if err != nil {
		t.Logf("the image has no authorities, as the machine has none: %v", err)
		return image
	}
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	must(t, files.WriteHeader(&tar.Header{Name: certificates, Mode: 0o644, Size: int64(len(authorities))}))
	_, err = files.Write(authorities)
	must(t, err)
	must(t, files.Close())
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
	must(t, err)
	image, err = mutate.AppendLayers(image, layer)
	must(t, err)
	return image
}

// push puts an image called base into a registry.
func push(t *testing.T, registry string, image v1.Image) {
	t.Helper()
	layers, err := image.Layers()
	must(t, err)
	for _, layer := range layers {
		content, err := layer.Compressed()
		must(t, err)
		digest, err := layer.Digest()
		must(t, err)
		send(t, http.MethodPost, registry+"/v2/base/blobs/uploads/?digest="+digest.String(), content)
	}
	configuration, err := image.RawConfigFile()
	must(t, err)
	digest, err := image.ConfigName()
	must(t, err)
	send(t, http.MethodPost, registry+"/v2/base/blobs/uploads/?digest="+digest.String(), bytes.NewReader(configuration))
	manifest, err := image.RawManifest()
	must(t, err)
	send(t, http.MethodPut, registry+"/v2/base/manifests/latest", bytes.NewReader(manifest))
}

func send(t *testing.T, method, address string, content io.Reader) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, content)
	must(t, err)
	request.Header.Set("Content-Type", string(types.DockerManifestSchema2))
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s: %s", method, address, response.Status)
	}
}

// dockerfile is what follows an instruction that the Dockerfile has once.
func dockerfile(t *testing.T, instruction string) string {
	t.Helper()
	written, err := os.ReadFile(filepath.Join("..", "..", "..", "manifests", "image", "Dockerfile"))
	must(t, err)
	found := regexp.MustCompile(`(?m)^`+instruction+` (.*)$`).FindAllSubmatch(written, -1)
	if len(found) != 1 {
		t.Fatalf("the Dockerfile has %d times %s", len(found), instruction)
	}
	return string(found[0][1])
}

// unpacked is a folder with the files of the image. It logs what they and the image weigh.
func unpacked(t *testing.T, image v1.Image) string {
	t.Helper()
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	stream := mutate.Extract(image)
	defer stream.Close()
	var whole int64
	archive := tar.NewReader(stream)
	for header, err := archive.Next(); !errors.Is(err, io.EOF); header, err = archive.Next() {
		must(t, err)
		unpack(t, filepath.Join(root, filepath.Clean("/"+header.Name)), header, archive)
		whole += header.Size
	}
	t.Logf("the image takes %.0f MiB, unpacked %.0f MiB", float64(compressed(t, image))/(1<<20), float64(whole)/(1<<20))
	return root
}

func unpack(t *testing.T, path string, header *tar.Header, content io.Reader) {
	t.Helper()
	switch header.Typeflag {
	case tar.TypeDir:
		must(t, os.MkdirAll(path, 0o755))
	case tar.TypeReg:
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		text, err := io.ReadAll(content)
		must(t, err)
		must(t, os.WriteFile(path, text, header.FileInfo().Mode().Perm()))
	default:
		t.Fatalf("%s is neither a file nor a folder", header.Name)
	}
}

// compressed is what a node pulls, in bytes.
func compressed(t *testing.T, image v1.Image) (all int64) {
	t.Helper()
	layers, err := image.Layers()
	must(t, err)
	for _, layer := range layers {
		size, err := layer.Size()
		must(t, err)
		all += size
	}
	return all
}

// static wants a program that needs no other file to run: there is no loader in the image.
func static(t *testing.T, path string) {
	t.Helper()
	program, err := elf.Open(path)
	must(t, err)
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			t.Errorf("%s wants a loader", filepath.Base(path))
		}
	}
}

// inside runs a program of the image with nothing but the image to see, as the Deployment's user; who is not root may not do
// that, and runs it where it was unpacked.
func inside(t *testing.T, root, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("not root: the program sees all of the machine")
		for index, argument := range arguments {
			arguments[index] = strings.Replace(argument, "/web.yaml", filepath.Join(root, "web.yaml"), 1)
		}
		return exec.CommandContext(t.Context(), filepath.Join(root, program), arguments...)
	}
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir, command.Env = "/", []string{}
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
	return command
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
