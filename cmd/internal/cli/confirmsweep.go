package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
)

// helmReleaseAnnotation is on every object that Helm installs. Source: helm.sh/helm/v4/pkg/action/validate.go.
const helmReleaseAnnotation = "meta.helm.sh/release-name"

// sweepOptions are the flags by which one Confirmation covers several objects.
type sweepOptions struct {
	files     []string
	kustomize string
	selector  string
	rules     []string
	yes       bool

	// release is the Helm release of `stateward confirm release NAME`.
	release string
}

func (o *sweepOptions) add(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&o.files, "filename", "f", nil, "`file` or folder of manifests whose objects to cover, repeatable; - reads standard input")
	flags.StringVarP(&o.kustomize, "kustomize", "k", "", "`folder` with a kustomization whose objects to cover")
	flags.StringVarP(&o.selector, "selector", "l", "", "`labels` of the objects to cover, such as app=web")
	flags.StringSliceVar(&o.rules, "rules", nil, "`ids` of the rules to confirm, as the denial names them (default: all; for an update or a change of scale of KIND/NAME, those that are not about loss of data)")
	flags.BoolVarP(&o.yes, "yes", "y", false, "create the Confirmation without asking")
}

// several reports whether more than one object is meant.
func (o *sweepOptions) several() bool {
	return len(o.files) > 0 || o.kustomize != "" || o.selector != "" || o.release != ""
}

// take reads the arguments: OPERATION, after "release NAME" where that is what is meant.
func (o *sweepOptions) take(args []string) (operation string, err error) {
	given := 0
	for _, is := range []bool{len(o.files) > 0, o.kustomize != "", o.selector != ""} {
		if is {
			given++
		}
	}
	if len(args) == 3 && args[0] == "release" {
		o.release, given, args = args[1], given+1, args[2:]
	}
	if given > 1 {
		return "", errors.New("use one of -f, -k, -l and release: each says which objects to cover")
	}
	if slices.Contains(o.files, "-") && !o.yes {
		return "", errors.New("-f - reads the manifests from standard input, where no answer can follow: add --yes")
	}
	if len(args) != 1 {
		return "", errors.New("name one operation: delete, update or scale")
	}
	if !slices.Contains([]string{"delete", "update", "scale"}, args[0]) {
		return "", fmt.Errorf("unknown operation %q: use delete, update or scale", args[0])
	}
	return args[0], nil
}

// sweep creates the Confirmations after it has shown what they cover.
type sweep struct {
	options   confirmOptions
	operation string
	until     string
	client    dynamic.Interface
	namespace string
	streams   Streams
}

func confirmSeveral(ctx context.Context, args []string, options confirmOptions, streams Streams) error {
	operation, err := options.take(args)
	if err != nil {
		return usageError{err}
	}
	_, client, namespace, err := options.reach(streams)
	if err != nil {
		return err
	}
	s := sweep{
		options: options, operation: operation, until: options.until(), client: client, namespace: namespace, streams: streams,
	}
	return s.run(ctx)
}

func (s sweep) run(ctx context.Context) error {
	specs, err := s.specs(ctx)
	if err != nil {
		return err
	}
	for _, namespace := range slices.Sorted(maps.Keys(specs)) {
		covered, err := s.covered(ctx, namespace, specs[namespace])
		if err != nil {
			return err
		}
		if len(covered) == 0 {
			return usageError{fmt.Errorf("nothing to confirm: namespace %s has no object that %s", namespace, s.selection())}
		}
		fmt.Fprintf(s.streams.Out, "A Confirmation in namespace %s covers until %s:\n", namespace, s.until)
		if err := s.show(ctx, namespace, covered); err != nil {
			return err
		}
	}
	if !s.options.yes {
		if err := ask(s.streams, fmt.Sprintf("Confirm %s?", s.operation), "nothing is confirmed"); err != nil {
			return err
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(specs)) {
		if err := s.create(ctx, namespace, specs[namespace]); err != nil {
			return err
		}
	}
	return nil
}

// selection says which objects are meant, after "that".
func (s sweep) selection() string {
	switch {
	case s.options.release != "":
		return "belongs to Helm release " + s.options.release
	case s.options.selector != "":
		return "has the labels " + s.options.selector
	default:
		return "the manifests contain"
	}
}

// specs are what to confirm in each namespace.
func (s sweep) specs(ctx context.Context) (map[string]confirmations.Spec, error) {
	spec := confirmations.Spec{
		Operations: []string{s.operation}, Rules: s.options.rules, Until: s.until, Reason: s.options.reason,
	}
	switch {
	case s.options.release != "":
		spec.HelmRelease = s.options.release
	case s.options.selector != "":
		selector, err := metav1.ParseToLabelSelector(s.options.selector)
		if err != nil {
			return nil, usageError{fmt.Errorf("-l %s: %w", s.options.selector, err)}
		}
		spec.Selector = selector
	default:
		return s.named(ctx, spec)
	}
	return map[string]confirmations.Spec{s.namespace: spec}, nil
}

// named are the objects of the manifests that exist, each with the uid that it has now.
func (s sweep) named(ctx context.Context, spec confirmations.Spec) (map[string]confirmations.Spec, error) {
	documents, err := s.documents(ctx)
	if err != nil {
		return nil, usageError{err}
	}
	found := map[string]confirmations.Spec{}
	for _, document := range documents {
		resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
		if !known || !slices.Contains(sweepable(), resource.Name) {
			continue
		}
		namespace := document.Namespace
		if namespace == "" {
			namespace = s.namespace
		}
		stored, err := resourceClient(s.client, resource, namespace).Get(ctx, document.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("confirm %s: %w", s.operation, err)
		}
		each, begun := found[namespace]
		if !begun {
			each = spec
		}
		each.Objects = append(slices.Clone(each.Objects), confirmations.Object{
			Group: resource.Group, Kind: resource.Kind, Name: document.Name, UID: string(stored.GetUID()),
		})
		found[namespace] = each
	}
	if len(found) == 0 {
		return nil, usageError{errors.New("nothing to confirm: the manifests contain no StatefulSet, nor anything that belongs to one")}
	}
	return found, nil
}

func (s sweep) documents(ctx context.Context) ([]manifest.Document, error) {
	options := manifest.Options{Stdin: s.streams.In}
	if s.options.kustomize != "" {
		built, err := manifest.Kustomize(ctx, s.options.kustomize, options)
		return built.Documents, err
	}
	read, err := manifest.Read(ctx, s.options.files, options)
	return read.Documents, err
}

// sweepable are the resources of a namespace that a Confirmation can be about.
func sweepable() []string {
	return []string{"statefulsets", "services", "poddisruptionbudgets", "persistentvolumeclaims"}
}

// covered are the stored objects that the spec selects.
func (s sweep) covered(ctx context.Context, namespace string, spec confirmations.Spec) (covered []unstructured.Unstructured, err error) {
	for _, name := range sweepable() {
		resource, _ := policies.LookupResource(name)
		listed, err := list(ctx, s.client, resource, []string{namespace})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", name, err)
		}
		for _, object := range listed {
			object.SetKind(resource.Kind)
			selects, err := selects(spec, object)
			if err != nil {
				return nil, err
			}
			if selects {
				covered = append(covered, object)
			}
		}
	}
	return covered, nil
}

func selects(spec confirmations.Spec, object unstructured.Unstructured) (bool, error) {
	switch {
	case spec.HelmRelease != "":
		return object.GetAnnotations()[helmReleaseAnnotation] == spec.HelmRelease, nil
	case spec.Selector != nil:
		selector, err := metav1.LabelSelectorAsSelector(spec.Selector)
		return err == nil && selector.Matches(labels.Set(object.GetLabels())), err
	default:
		return slices.ContainsFunc(spec.Objects, func(each confirmations.Object) bool { return each.UID == string(object.GetUID()) }), nil
	}
}

func (s sweep) create(ctx context.Context, namespace string, spec confirmations.Spec) error {
	by, name, err := create(ctx, s.client, namespace, spec)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.streams.Out, "confirmation/%s in namespace %s: %s confirms %s until %s\n", name, namespace, by, s.operation, s.until)
	return err
}

// create makes a Confirmation and returns who is on record for it, and its name.
func create(ctx context.Context, client dynamic.Interface, namespace string, spec confirmations.Spec) (by, name string, err error) {
	encoded, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&confirmations.Confirmation{
		TypeMeta:   metav1.TypeMeta{APIVersion: policies.Group + "/" + policies.Version, Kind: confirmations.Kind},
		ObjectMeta: metav1.ObjectMeta{GenerateName: spec.Operations[0] + "-"},
		Spec:       spec,
	})
	if err != nil {
		return "", "", err
	}
	resource, _ := policies.LookupResource(policies.Confirmations)
	created, err := resourceClient(client, resource, namespace).
		Create(ctx, &unstructured.Unstructured{Object: encoded}, metav1.CreateOptions{FieldManager: "stateward-confirm"})
	if err != nil {
		return "", "", fmt.Errorf("create Confirmation: %w", err)
	}
	by, _, _ = unstructured.NestedString(created.Object, "spec", "confirmedBy")
	return by, created.GetName(), nil
}

// until is when what is confirmed now ends.
func (o confirmOptions) until() string { return time.Now().Add(o.duration).UTC().Format(time.RFC3339) }
