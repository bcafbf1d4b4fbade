// Command release builds what a release publishes into a folder: archives of the binaries with checksums, the image, the
// chart, manifests with the digest of the image, an SBOM for each image and the krew manifest. Without -registry it pushes
// to a registry inside this process, so that nothing leaves the machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/stateward/stateward/test/cluster"
)

func main() {
	var made release
	platforms := flag.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "comma-separated `list` of the binaries")
	images := flag.String("images", "linux/amd64,linux/arm64", "comma-separated `list` of the platforms of the image")
	flag.StringVar(&made.version, "version", "v0.0.0-dev", "`version`, as vX.Y.Z")
	flag.StringVar(&made.folder, "dist", "dist", "`folder` to write, from the root of the repository; it is replaced")
	flag.StringVar(&made.registry, "registry", "", "`registry` to push to, as ghcr.io/OWNER; one inside this process if it is empty")
	flag.Parse()
	made.tagged = made.registry != ""
	made.platforms, made.images = strings.Split(*platforms, ","), strings.Split(*images, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := made.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// release is one run.
type release struct {
	version, folder, registry string
	platforms, images         []string
	// root is that of the repository.
	root string
	// tagged is for a release that others get: its binaries must report its version.
	tagged bool
	// proxy leads to the registry inside this process. Its name is always the same, because ko writes it into the image.
	proxy *url.URL
}

const inside = "registry.localhost"

// semantic is a version that tags, charts and krew accept.
var semantic = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func (r *release) run(ctx context.Context) (err error) {
	if !semantic.MatchString(r.version) {
		return fmt.Errorf("-version %q is not a version such as v1.2.3", r.version)
	}
	if r.root, err = cluster.Root(); err != nil {
		return err
	}
	if !filepath.IsAbs(r.folder) {
		r.folder = filepath.Join(r.root, r.folder)
	}
	if err := os.RemoveAll(r.folder); err != nil {
		return err
	}
	if err := os.MkdirAll(r.folder, 0o755); err != nil {
		return err
	}
	if r.registry == "" {
		server := newRegistry()
		defer server.Close()
		if err := r.pushInside(server.URL); err != nil {
			return err
		}
	}
	return r.publish(ctx)
}

// newRegistry starts a registry inside this process. Clients try HTTPS first, by CONNECT, which the registry does not expect.
func newRegistry() *httptest.Server {
	pushed := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodConnect {
			http.Error(w, "this registry speaks HTTP only", http.StatusMethodNotAllowed)
			return
		}
		pushed.ServeHTTP(w, request)
	}))
}

// pushInside has everything pushed to the registry at an address of this machine.
func (r *release) pushInside(address string) (err error) {
	r.registry = inside
	r.proxy, err = url.Parse(address)
	return err
}

func (r *release) publish(ctx context.Context) error {
	archives, err := r.binaries(ctx)
	if err != nil {
		return err
	}
	if err := r.krew(archives); err != nil {
		return err
	}
	image, err := r.image(ctx)
	if err != nil {
		return err
	}
	chart, err := r.chart(ctx)
	if err != nil {
		return err
	}
	if err := r.manifests(image); err != nil {
		return err
	}
	if err := r.notes(); err != nil {
		return err
	}
	if err := r.checksums([]string{image, chart}); err != nil {
		return err
	}
	fmt.Println("wrote", r.folder)
	return nil
}
