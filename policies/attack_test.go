package policies_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"testing"

	"github.com/distribution/reference"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stateward/stateward/test/builders"
)

// function prepares a query of the library for a value as its input; its result is nil where that is undefined.
func function(t testing.TB, query string) func(input any) any {
	t.Helper()
	compiler := ast.NewCompiler()
	library := builders.Library(t)
	modules := map[string]*ast.Module{}
	for name, module := range modulesOf(t, library) {
		modules[name] = module.Copy()
	}
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	prepared, err := rego.New(rego.Query(query), rego.Compiler(compiler), rego.StrictBuiltinErrors(true)).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return func(input any) any {
		results, err := prepared.Eval(context.Background(), rego.EvalInput(input))
		if err != nil {
			t.Fatalf("%s of %q: %v", query, input, err)
		}
		if len(results) == 0 {
			return nil
		}
		return results[0].Expressions[0].Value
	}
}

// unmeant are quantities to Kubernetes and not to the library: a number without a digit (it takes "Gi" for 0 and refuses
// "Pi"), or one of more digits than anything has bytes.
var unmeant = regexp.MustCompile(`^[+-]?\.?([A-Za-z].*)?$|\d{40}|[eE][+-]?\d{3}`)

// FuzzQuantitiesParseAsInKubernetes compares the library with resource.ParseQuantity.
func FuzzQuantitiesParseAsInKubernetes(f *testing.F) {
	for _, seed := range []string{
		"", "0", "1", "100m", "1e3", "0.5Gi", "1E", "1E3", "1Ei", "-1Gi", "+1Gi", "1.", ".5", ".", "1.5Ti", "1k", "1K", "1Ki", "1gi",
		"10 Gi", " 1", "1e", "1e+3", "1e-3", "1n", "1u", "0x10", "1_000", "١", "1.2.3", "Gi", "--1", "1ee3", "1e3Gi", "0.0", "-0", "1e-9", "9Ei",
	} {
		f.Add(seed)
	}
	valid, positive := function(f, "data.stateward.lib.quantity.valid(input)"), function(f, "data.stateward.lib.quantity.positive(input)")
	bytes := function(f, "data.stateward.lib.quantity.bytes(input)")
	f.Fuzz(func(t *testing.T, text string) {
		if unmeant.MatchString(text) {
			return
		}
		want, err := resource.ParseQuantity(text)
		if got := valid(text) == true; got != (err == nil) {
			t.Fatalf("%q is valid: %v, to Kubernetes: %v", text, got, err)
		}
		if err != nil {
			return
		}
		if got := positive(text) == true; got != (want.Sign() > 0) {
			t.Errorf("%q is positive: %v, to Kubernetes it is %s", text, got, want.String())
		}
		// Beyond this Kubernetes caps, and float64 cannot tell.
		if size := want.AsApproximateFloat64(); size < 0 || size > math.MaxInt64/1024 {
			return
		}
		number, ok := bytes(text).(json.Number)
		if got, err := number.Float64(); !ok || err != nil || got != float64(want.Value()) {
			t.Errorf("%q has %v bytes, to Kubernetes %d", text, bytes(text), want.Value())
		}
	})
}

// FuzzImagesParseAsInContainerRuntimes compares the library with distribution/reference.
func FuzzImagesParseAsInContainerRuntimes(f *testing.F) {
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
	parse := function(f, "data.stateward.lib.image.parse(input)")
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
