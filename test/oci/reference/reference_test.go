// Package reference_test compares the library's reading of image references with the one of container runtimes.
package reference_test

import (
	"fmt"
	"testing"

	"github.com/distribution/reference"

	"github.com/stateward/stateward/test/builders"
)

// FuzzImageParsesLikeDistributionReference compares the library with distribution/reference.
func FuzzImageParsesLikeDistributionReference(f *testing.F) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, seed := range []string{
		"", "nginx", "nginx:1.27.4", "nginx:latest", "NGINX:1", "Registry/nginx", "registry:5000/db", "registry:5000/db:1", "localhost/db", "localhost:5000/a/b",
		"gcr.io.evil.com/app:1", "gсr.io/app:1", "docker.io/nginx", "my_registry.io/db:1", "index.docker.io/library/nginx:1", "docker.io/library/nginx", "a/b/c/d:1",
		"nginx" + digest, "nginx:1" + digest, "nginx@sha256:abc", "nginx:", "nginx@", "/nginx", "nginx/", "a//b", "a__b:1", "a___b:1", "a..b:1", "-a:1",
		"[::1]:5000/db:1", "[fe80::1]/db", "host.example:99999/db", "a:b:c", "user@host/db:1", "https://registry/db:1", "registry/db:1 ", "db:1\n", "db:.1", "db:_1",
		"a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90", "db:" + fmt.Sprintf("%0129d", 1),
	} {
		f.Add(seed)
	}
	parse := builders.Function(f, "data.stateward.lib.image.parse(input)")
	f.Fuzz(func(t *testing.T, text string) {
		named, err := reference.ParseNormalizedNamed(text)
		parsed := parse(text)
		if got := parsed != nil; got != (err == nil) {
			t.Fatalf("%q is a reference: %v, to a runtime: %v", text, got, err)
		}
		if err != nil {
			return
		}
		want := map[string]any{"repository": named.Name(), "tag": "", "digest": ""}
		if tagged, ok := named.(reference.Tagged); ok {
			want["tag"] = tagged.Tag()
		}
		if digested, ok := named.(reference.Digested); ok {
			want["digest"] = digested.Digest().String()
		}
		if fmt.Sprint(parsed) != fmt.Sprint(want) {
			t.Errorf("%q is %v, to a runtime %v", text, parsed, want)
		}
	})
}
