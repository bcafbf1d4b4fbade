// Package manifests_test holds the manifests to the types and checks of the programs that read them.
package manifests_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/overlays"
)

const root = "../.."

func TestManifestsHaveOnlyFieldsOfTheirKinds(t *testing.T) {
	t.Parallel()
	library := builders.Library(t)
	known := types(t)
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, document := range documents {
				kind := schema.FromAPIVersionAndKind(document.apiVersion, document.kind)
				if kind == schema.FromAPIVersionAndKind(v1alpha1.GuardrailsAPIVersion, v1alpha1.GuardrailsKind) {
					if _, err := v1alpha1.ParseGuardrails(document.raw, library); err != nil {
						t.Error(err)
					}
					continue
				}
				object, err := known.New(kind)
				if err != nil {
					t.Error(err)
					continue
				}
				unknown, err := kjson.UnmarshalStrict(document.raw, object)
				if err != nil || len(unknown) > 0 {
					t.Errorf("%s %s: %v %v", document.kind, document.name, err, unknown)
				}
			}
		})
	}
}

func TestPodsMeetTheRestrictedPodSecurityStandard(t *testing.T) {
	t.Parallel()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, documents := range installs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := only[corev1.Namespace](t, documents, "Namespace")
			enforced, mistakes := api.PolicyToEvaluate(namespace.Labels, api.Policy{})
			if len(mistakes) > 0 {
				t.Fatal(mistakes)
			}
			if diff := cmp.Diff(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, enforced.Enforce, versions()); diff != "" {
				t.Errorf("enforced (-want +got):\n%s", diff)
			}
			template := only[appsv1.Deployment](t, documents, "Deployment").Spec.Template
			for _, result := range evaluator.EvaluatePod(enforced.Enforce, &template.ObjectMeta, &template.Spec) {
				if !result.Allowed {
					t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
		})
	}
}

// everything is the overlay ha with all components, which no folder holds.
const everything = "everything"

// document is one object as JSON.
type document struct {
	apiVersion, kind, name string
	raw                    []byte
}

// installs returns the documents of each overlay, as they are rendered, and of all that can be put together.
func installs(t *testing.T) map[string][]document {
	t.Helper()
	all, err := overlays.Everything(root)
	if err != nil {
		t.Fatal(err)
	}
	installs := map[string][]document{everything: split(t, all)}
	files, err := filepath.Glob(filepath.Join(root, "manifests", "rendered", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		installs[strings.TrimSuffix(filepath.Base(file), ".yaml")] = split(t, text)
	}
	return installs
}

func split(t *testing.T, text []byte) (documents []document) {
	t.Helper()
	reader := kyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		page, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := yaml.YAMLToJSON(page)
		if err != nil {
			t.Fatal(err)
		}
		var object struct {
			APIVersion string
			Kind       string
			Metadata   struct{ Name string }
		}
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		if object.Kind != "" {
			documents = append(documents, document{object.APIVersion, object.Kind, object.Metadata.Name, raw})
		}
	}
}

// types are those of Kubernetes, cert-manager and the Prometheus operator.
func types(t *testing.T) *runtime.Scheme {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, cmv1.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	return known
}

func versions() cmp.Option {
	return cmp.Comparer(func(a, b api.Version) bool { return a.String() == b.String() })
}

// only returns the one object of a kind; what serves metrics has Services of its own.
func only[T any](t *testing.T, documents []document, kind string) (object T) {
	t.Helper()
	found := 0
	for _, each := range documents {
		if each.kind != kind || strings.HasSuffix(each.name, "-metrics") {
			continue
		}
		found++
		if err := json.Unmarshal(each.raw, &object); err != nil {
			t.Fatal(err)
		}
	}
	if found != 1 {
		t.Fatalf("%d objects of kind %s instead of one", found, kind)
	}
	return object
}
