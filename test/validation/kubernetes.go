// Package validation compares `stateward check` with Kubernetes' own validation of StatefulSets.
package validation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Case is one of Kubernetes' own test cases for StatefulSets, as an API server would get it.
type Case struct {
	Name string `json:"name"`
	// Old is the stored version, where the case is an update.
	Old json.RawMessage `json:"old,omitempty"`
	New json.RawMessage `json:"new"`
	// Refused says what Kubernetes' test wants. Answer is what Kubernetes' code answers once its defaults are set, as an API
	// server does first.
	Refused bool     `json:"refused"`
	Answer  []string `json:"answer,omitempty"`
}

// dump is what is put into Kubernetes' test: it writes each case, as the API has it, to a file.
const dump = `
func dumpCase(t *testing.T, name string, old, update *apps.StatefulSet, refused, recreate bool) {
	versioned := func(set *apps.StatefulSet) *appsv1.StatefulSet {
		var out appsv1.StatefulSet
		if err := appsconv.Convert_apps_StatefulSet_To_v1_StatefulSet(set.DeepCopy(), &out, nil); err != nil {
			t.Fatal(err)
		}
		out.APIVersion, out.Kind, out.ResourceVersion = "apps/v1", "StatefulSet", ""
		return &out
	}
	stored := func(set *appsv1.StatefulSet) *apps.StatefulSet {
		set = set.DeepCopy()
		if set.Namespace == "" {
			set.Namespace = "default"
		}
		set.ResourceVersion = "1"
		legacyscheme.Scheme.Default(set)
		var out apps.StatefulSet
		if err := appsconv.Convert_v1_StatefulSet_To_apps_StatefulSet(set, &out, nil); err != nil {
			t.Fatal(err)
		}
		return &out
	}
	one := map[string]any{"name": name, "new": versioned(update), "refused": refused}
	now := stored(versioned(update))
	setOpts := StatefulSetValidationOptions{AllowStatefulSetRecreateStrategy: recreate}
	var errs field.ErrorList
	if old == nil {
		errs = ValidateStatefulSet(now, setOpts, pod.GetValidationOptionsFromPodTemplate(&now.Spec.Template, nil))
	} else {
		one["old"] = versioned(old)
		before := stored(versioned(old))
		setOpts.AllowInvalidServiceName, setOpts.SkipValidateVolumeClaimTemplates = true, true
		errs = ValidateStatefulSetUpdate(now, before, setOpts, pod.GetValidationOptionsFromPodTemplate(&now.Spec.Template, &before.Spec.Template))
	}
	var answer []string
	for _, err := range errs {
		answer = append(answer, err.Field)
	}
	one["answer"] = answer
	file, err := os.OpenFile(os.Getenv("STATEWARD_CASES"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := json.NewEncoder(file).Encode(one); err != nil {
		t.Fatal(err)
	}
}
`

// Extract runs Kubernetes' tests in the nested module that pins it, and returns their cases.
func Extract(ctx context.Context, module string) ([]Case, error) {
	folder, err := run(ctx, module, nil, "list", "-f", "{{.Dir}}", "k8s.io/kubernetes/pkg/apis/apps/validation")
	if err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp("", "stateward-validation")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	if err := copyPackage(module, strings.TrimSpace(folder), temporary); err != nil {
		return nil, err
	}
	cases := filepath.Join(temporary, "cases.json")
	_, err = run(ctx, temporary, []string{"STATEWARD_CASES=" + cases}, "test", "-count=1", "-vet=off", "-mod=mod", "-run", "^TestValidateStatefulSet(Update)?$", ".")
	if err != nil {
		return nil, err
	}
	return readCases(cases)
}

// copyPackage copies Kubernetes' package into a module with the same requirements, since no file of the module cache can be
// replaced.
func copyPackage(module, folder, to string) error {
	files := map[string]string{
		filepath.Join(module, "go.mod"): "go.mod", filepath.Join(module, "go.sum"): "go.sum",
		filepath.Join(folder, "validation.go"): "validation.go", filepath.Join(folder, "validation_test.go"): "validation_test.go",
	}
	for from, name := range files {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if name == "validation_test.go" {
			text = []byte(withDump(string(text)))
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// withDump puts the dump into Kubernetes' test.
func withDump(text string) string {
	text = strings.Replace(text, "import (", `import (
	"os"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	appsconv "k8s.io/kubernetes/pkg/apis/apps/v1"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
`, 1)
	text = strings.Replace(text, "errs := ValidateStatefulSet(&testCase.set, setOpts",
		"dumpCase(t, testCase.name, nil, &testCase.set, len(testCase.errs) > 0, testCase.allowRecreateUpdateStrategy)\nerrs := ValidateStatefulSet(&testCase.set, setOpts", 1)
	text = strings.Replace(text, "errs := ValidateStatefulSetUpdate(&testCase.update, &testCase.old, setOpts",
		"dumpCase(t, testCase.name, &testCase.old, &testCase.update, len(testCase.errs) > 0, setOpts.AllowStatefulSetRecreateStrategy)\n"+
			"errs := ValidateStatefulSetUpdate(&testCase.update, &testCase.old, setOpts", 1)
	return text + dump
}

func readCases(file string) (cases []Case, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		var one Case
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return nil, err
		}
		cases = append(cases, one)
	}
	return cases, nil
}

func run(ctx context.Context, folder string, env []string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), env...)
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return string(output), nil
}
