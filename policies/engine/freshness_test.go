package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/test/builders"
)

// following is an inventory that remembers of which objects it was asked for which version.
type following struct {
	inventory.Inventory
	versions []string
}

func (i *following) GetAtVersion(ctx context.Context, resource, namespace, name, version string) (ast.Value, error) {
	i.versions = append(i.versions, resource+" "+namespace+"/"+name+" "+version)
	return i.Get(ctx, resource, namespace, name)
}

func TestFreshnessReadsSetsThatTheRequestLacks(t *testing.T) {
	t.Parallel()
	scale := recorded(t, "../../test/testdata/reviews/02-scale-up.json")
	untold, withoutVersion := scale, scale
	untold.OldObject = nil
	withoutVersion.OldObject = []byte(`{"metadata": {"name": "web"}, "spec": {"replicas": 2}}`)
	elsewhere := recorded(t, "../../test/testdata/reviews/13-delete-pvc.json")
	elsewhere.Name = "www-db-0"
	elsewhere.OldObject = bytes.ReplaceAll(elsewhere.OldObject, []byte("www-web-0"), []byte("www-db-0"))
	now := []string{"statefulsets default/web "}
	for what, test := range map[string]struct {
		request engine.Request
		want    []string
	}{
		"the set of a Scale, unless it is of the version that this tells": {scale, []string{"statefulsets default/web 714"}},
		"no set of a Scale without an old one":                            {untold, nil},
		"no set of a Scale that tells no version":                         {withoutVersion, nil},
		// As the one that it governs, and as one whose clients use it.
		"the set that needs a Service which is to go": {recorded(t, "../../test/testdata/reviews/14-delete-service.json"), slices.Concat(now, now)},
		"the set that needs a claim which is to go":   {recorded(t, "../../test/testdata/reviews/13-delete-pvc.json"), now},
		"no set that does not need the claim":         {elsewhere, nil},
		"no set that is in the request":               {recorded(t, "../../test/testdata/reviews/04-image-patch.json"), nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			snapshot := inventory.NewSnapshot("default", []string{"services", "statefulsets"})
			if err := snapshot.Add(builders.MakeStatefulSet().JSON()); err != nil {
				t.Fatal(err)
			}
			inv := &following{Inventory: snapshot}
			if _, err := newEngine(t, nil).Decide(t.Context(), test.request, inv); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, inv.versions); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFreshnessUsesTheCacheForManySets deletes a namespace, which is not to take a look-up for each of thousands.
func TestFreshnessUsesTheCacheForManySets(t *testing.T) {
	t.Parallel()
	snapshot := inventory.NewSnapshot("default", []string{"statefulsets", "persistentvolumeclaims"})
	for index := range 11 {
		set := builders.MakeStatefulSet().Name(fmt.Sprintf("web-%d", index))
		set.Namespace = "data"
		if err := snapshot.Add(set.JSON()); err != nil {
			t.Fatal(err)
		}
	}
	inv := &following{Inventory: snapshot}
	decision, err := newEngine(t, nil).Decide(t.Context(), engine.Request{
		Operation: "DELETE", Kind: "Namespace", Resource: "namespaces", Name: "data", OldObject: []byte(`{"metadata": {"name": "data"}}`),
	}, inv)
	if err != nil || decision.Allowed {
		t.Errorf("allowed: %v, %v", decision.Allowed, err)
	}
	if diff := cmp.Diff([]string(nil), inv.versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}
