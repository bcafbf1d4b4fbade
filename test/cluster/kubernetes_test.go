package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestModuleEditsTakePublishedStagingModules(t *testing.T) {
	described := `{"Replace":[
		{"Old":{"Path":"k8s.io/api"},"New":{"Path":"./staging/src/k8s.io/api"}},
		{"Old":{"Path":"k8s.io/metrics"},"New":{"Path":"./staging/src/k8s.io/metrics"}},
		{"Old":{"Path":"example.com/old"},"New":{"Path":"example.com/new"}}]}`

	edits, err := moduleEdits([]byte(described), "v1.35.4")

	want := []string{
		"-module=kubernetes", "-require=k8s.io/kubernetes@v1.35.4",
		"-replace=k8s.io/api=k8s.io/api@v0.35.4", "-replace=k8s.io/metrics=k8s.io/metrics@v0.35.4",
	}
	if diff := cmp.Diff(want, edits); diff != "" || err != nil {
		t.Errorf("error %v, edits (-want +got):\n%s", err, diff)
	}
}

func TestMakeModuleWithoutNetworkLeavesNoFiles(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	folder := filepath.Join(t.TempDir(), "kubernetes-v1.35.4")

	err := makeModule(t.Context(), folder, "v1.35.4")

	if err == nil || !strings.Contains(err.Error(), "modules cannot be downloaded: check the network") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %v; it should be one line that says what to do", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		t.Error("there is a go.mod, which says that the module is complete")
	}
}
