package generate_test

import (
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

func TestImageGoVersionSatisfiesGoMod(t *testing.T) {
	t.Parallel()
	image := "go" + match(t, "manifests/image/Dockerfile", `(?m)^FROM .*golang:(\S+) AS build$`)
	module := "go" + match(t, "go.mod", `(?m)^go (\S+)$`)
	if version.Compare(image, module) < 0 || version.Lang(image) != version.Lang(module) {
		t.Errorf("Dockerfile builds with %s, go.mod asks for %s", image, module)
	}
}

func TestImageRunsAsTheUserOfThePod(t *testing.T) {
	t.Parallel()
	context := only[appsv1.Deployment](t, installs(t)["self-managed"], "Deployment").Spec.Template.Spec.SecurityContext
	want := fmt.Sprintf("%d:%d", *context.RunAsUser, *context.RunAsGroup)
	if got := match(t, "manifests/image/Dockerfile", `(?m)^USER (\S+)$`); got != want {
		t.Errorf("the image runs as %s, the pod as %s", got, want)
	}
}

// match returns what the group of the pattern holds in a file of the repository.
func match(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has nothing like %s", file, pattern)
	}
	return string(found[1])
}
