package engine

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
)

// upToDate is a World whose one object is as it is now.
type upToDate struct {
	Follower
	resource, namespace, name, version string
}

func (w upToDate) Get(ctx context.Context, resource, namespace, name string) (ast.Value, error) {
	if resource == w.resource && namespace == w.namespace && name == w.name {
		return w.At(ctx, resource, namespace, name, w.version)
	}
	return w.Follower.Get(ctx, resource, namespace, name)
}

// behind returns the World for a Scale: of what is behind it the request tells the version and nothing else. Source:
// scaleFromStatefulSet in pkg/registry/apps/statefulset/storage/storage.go.
func (c *Case) behind(world World) World {
	follower, follows := world.(Follower)
	if !follows || c.review.Subresource != "scale" {
		return world
	}
	version, known := find(c.input, "request", "oldObject", "metadata", "resourceVersion").(ast.String)
	if !known || version == "" {
		return world
	}
	return upToDate{
		Follower: follower,
		resource: c.review.Resource, namespace: c.review.Namespace, name: c.review.Name, version: string(version),
	}
}
