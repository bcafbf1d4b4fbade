package entrypoints_test

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// operation is what a kind of loss does to its object, which decides by which entry points it can come.
type operation string

const (
	creation operation = "create"
	change   operation = "change"
	deletion operation = "delete"
)

// The managers of server-side apply: the one that made the objects, and another.
const (
	maker = "maker"
	other = "other"
)

// request is what one entry point is asked for.
type request struct {
	api  dynamic.ResourceInterface
	name string
	// before is the object as the entry point shows it, after as it should become, patch the JSON merge patch between the two.
	before, after *unstructured.Unstructured
	patch         []byte
	grace         *int64
	dry           []string
}

// send performs a request, and returns the object as it is then; nil where the answer has none.
type send func(ctx context.Context, r request) (*unstructured.Unstructured, error)

// entryPoint is a way of asking for an operation.
type entryPoint struct {
	// subresource and verb are as discovery has them.
	subresource, verb string
	// way distinguishes entry points of one verb.
	way  string
	send send
}

// String is the name of an entry point's cell.
func (d entryPoint) String() string {
	if d.subresource == "" {
		return d.way
	}
	return d.subresource + ": " + d.way
}

// entryPoints are all ways by which an operation can come through one entry of discovery.
func entryPoints(operation operation, subresource, verb string) []entryPoint {
	var found []entryPoint
	for _, each := range knownEntryPoints(subresource)[operation] {
		if each.verb == verb {
			each.subresource = subresource
			found = append(found, each)
		}
	}
	return found
}

func knownEntryPoints(subresource string) map[operation][]entryPoint {
	written := []entryPoint{
		{verb: "update", way: "PUT", send: put(subresource)},
		{verb: "patch", way: "merge patch", send: mergePatch(subresource)},
		{verb: "patch", way: "strategic merge patch", send: strategicPatch(subresource)},
		{verb: "patch", way: "JSON patch", send: jsonPatch(subresource)},
		{verb: "patch", way: "apply", send: apply(maker, false, subresource)},
		{verb: "patch", way: "forced apply", send: apply(other, true, subresource)},
	}
	switch subresource {
	case "":
		return map[operation][]entryPoint{
			creation: {
				{verb: "create", way: "POST", send: post},
				{verb: "patch", way: "apply", send: apply(maker, false, "")},
			},
			change: written,
			deletion: {
				{verb: "delete", way: "in the background", send: remove(metav1.DeletePropagationBackground)},
				{verb: "delete", way: "in the foreground", send: remove(metav1.DeletePropagationForeground)},
				{verb: "delete", way: "orphaning", send: remove(metav1.DeletePropagationOrphan)},
				{verb: "deletecollection", way: "as a collection", send: removeCollection},
			},
		}
	case "eviction":
		return map[operation][]entryPoint{deletion: {{verb: "create", way: "POST", send: evict}}}
	case "binding":
		return map[operation][]entryPoint{change: {{verb: "create", way: "POST", send: bind}}}
	case "status", "scale", "ephemeralcontainers", "resize", "finalize":
		// Who writes a field of a subresource by apply seldom owns it.
		return map[operation][]entryPoint{change: slices.DeleteFunc(written, func(d entryPoint) bool { return d.way == "apply" })}
	default:
		return nil
	}
}

// evaluated are subresources that write nothing of an object, each with the reason.
func evaluated() map[string]string {
	return map[string]string{
		"nodes/proxy":      "it forwards HTTP to a node's kubelet",
		"pods/attach":      "it opens a stream to a container, which is out of scope like exec: SECURITY.md",
		"pods/exec":        "it runs a command in a container, which is out of scope: SECURITY.md",
		"pods/portforward": "it opens a connection to a pod",
		"pods/proxy":       "it forwards HTTP to a pod",
		"services/proxy":   "it forwards HTTP to pods",
	}
}

func put(subresource string) send {
	return func(ctx context.Context, r request) (*unstructured.Unstructured, error) {
		return r.api.Update(ctx, r.after, metav1.UpdateOptions{DryRun: r.dry}, path(subresource)...)
	}
}

func mergePatch(subresource string) send {
	return func(ctx context.Context, r request) (*unstructured.Unstructured, error) {
		return r.api.Patch(ctx, r.name, types.MergePatchType, r.patch, metav1.PatchOptions{DryRun: r.dry}, path(subresource)...)
	}
}

func strategicPatch(subresource string) send {
	return func(ctx context.Context, r request) (*unstructured.Unstructured, error) {
		patch, err := strategic(r)
		if err != nil {
			return nil, err
		}
		return r.api.Patch(ctx, r.name, types.StrategicMergePatchType, patch, metav1.PatchOptions{DryRun: r.dry}, path(subresource)...)
	}
}

func jsonPatch(subresource string) send {
	return func(ctx context.Context, r request) (*unstructured.Unstructured, error) {
		patch, err := steps(r)
		if err != nil {
			return nil, err
		}
		return r.api.Patch(ctx, r.name, types.JSONPatchType, patch, metav1.PatchOptions{DryRun: r.dry}, path(subresource)...)
	}
}

func apply(manager string, force bool, subresource string) send {
	return func(ctx context.Context, r request) (*unstructured.Unstructured, error) {
		options := metav1.ApplyOptions{FieldManager: manager, Force: force, DryRun: r.dry}
		applied := manifest(r.after)
		if subresource == "scale" {
			onlyReplicas(applied)
		}
		return r.api.Apply(ctx, r.name, applied, options, path(subresource)...)
	}
}

func post(ctx context.Context, r request) (*unstructured.Unstructured, error) {
	return r.api.Create(ctx, r.after, metav1.CreateOptions{DryRun: r.dry})
}

func remove(propagation metav1.DeletionPropagation) send {
	return func(ctx context.Context, r request) (*unstructured.Unstructured, error) {
		options := metav1.DeleteOptions{DryRun: r.dry, PropagationPolicy: &propagation, GracePeriodSeconds: r.grace}
		return nil, r.api.Delete(ctx, r.name, options)
	}
}

func removeCollection(ctx context.Context, r request) (*unstructured.Unstructured, error) {
	options := metav1.DeleteOptions{DryRun: r.dry, GracePeriodSeconds: r.grace}
	return nil, r.api.DeleteCollection(ctx, options, metav1.ListOptions{FieldSelector: "metadata.name=" + r.name})
}

func evict(ctx context.Context, r request) (*unstructured.Unstructured, error) {
	eviction, err := toUnstructured(evictionOf(r.name, r.grace))
	if err != nil {
		return nil, err
	}
	_, err = r.api.Create(ctx, eviction, metav1.CreateOptions{DryRun: r.dry}, "eviction")
	return nil, err
}

// bind is what a scheduler does. Of the change, a Binding carries the metadata.
func bind(ctx context.Context, r request) (*unstructured.Unstructured, error) {
	binding, err := toUnstructured(bindingOf(r.name))
	if err != nil {
		return nil, err
	}
	for _, field := range []string{"annotations", "labels", "ownerReferences"} {
		value, has, err := unstructured.NestedFieldCopy(r.after.Object, "metadata", field)
		if err != nil {
			return nil, fmt.Errorf("read metadata.%s: %w", field, err)
		}
		if has {
			if err := unstructured.SetNestedField(binding.Object, value, "metadata", field); err != nil {
				return nil, err
			}
		}
	}
	_, err = r.api.Create(ctx, binding, metav1.CreateOptions{DryRun: r.dry}, "binding")
	return nil, err
}

// path is the path of a subresource below its object, which the object itself has none of.
func path(subresource string) []string {
	if subresource == "" {
		return nil
	}
	return []string{subresource}
}
