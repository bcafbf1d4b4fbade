package architecture_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestDependabotFollowsEveryModule(t *testing.T) {
	t.Parallel()
	var config struct {
		Updates []struct {
			Ecosystem   string `json:"package-ecosystem"`
			Directories []string
		}
	}
	if err := yaml.Unmarshal([]byte(readText(t, ".github/dependabot.yml")), &config); err != nil {
		t.Fatal(err)
	}
	var listed, modules []string
	for _, update := range config.Updates {
		if update.Ecosystem == "gomod" {
			listed = append(listed, update.Directories...)
		}
	}
	for _, file := range tracked(t, "go.mod", "*/go.mod") {
		modules = append(modules, path.Join("/", path.Dir(file)))
	}
	slices.Sort(modules)
	if diff := cmp.Diff(modules, listed); diff != "" {
		t.Errorf("directories in .github/dependabot.yml (-modules +listed):\n%s", diff)
	}
}

func TestLintReadsEveryModuleWithCode(t *testing.T) {
	t.Parallel()
	var listed, modules []string
	for line := range strings.Lines(readText(t, "Makefile")) {
		if names, found := strings.CutPrefix(line, "MODULES := "); found {
			listed = strings.Fields(names)
		}
	}
	for _, file := range tracked(t, "*/go.mod") {
		if folder := path.Dir(file); len(tracked(t, folder+"/*.go")) > 0 {
			modules = append(modules, folder)
		}
	}
	slices.Sort(modules)
	if diff := cmp.Diff(modules, listed); diff != "" {
		t.Errorf("MODULES in the Makefile (-modules with Go files +listed):\n%s", diff)
	}
}

// form is an issue form in the terms of GitHub, as far as this repository uses them.
type form struct {
	Name, Description, Title string
	Labels                   []string
	Body                     []struct {
		Type, ID   string
		Attributes struct{ Label, Description, Value, Render string }
		// Validations can only make an answer necessary.
		Validations struct{ Required bool }
	}
}

func TestIssueFormsUseTheKeysOfGitHub(t *testing.T) {
	t.Parallel()
	for _, file := range tracked(t, ".github/ISSUE_TEMPLATE/*.yml") {
		if path.Base(file) == "config.yml" {
			continue
		}
		var read form
		if err := yaml.UnmarshalStrict([]byte(readText(t, file)), &read); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if read.Name == "" || read.Description == "" || len(read.Body) == 0 {
			t.Errorf("%s needs a name, a description and a body", file)
		}
		ids := map[string]bool{}
		for i, field := range read.Body {
			attributes := field.Attributes
			switch {
			case field.Type == "markdown" && attributes.Value != "" && field.ID == "":
			case (field.Type == "input" || field.Type == "textarea") && attributes.Label != "" && field.ID != "" && !ids[field.ID]:
				ids[field.ID] = true
			default:
				t.Errorf("%s: body[%d] is not a field that GitHub shows: %+v", file, i, field)
			}
		}
	}
}
