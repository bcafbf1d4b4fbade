package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/test/builders"
)

// following is a World that remembers of which objects it was asked for which version.
type following struct {
	engine.World
	versions []string
}

func (w *following) At(ctx context.Context, resource, namespace, name, version string) (ast.Value, error) {
	w.versions = append(w.versions, resource+" "+namespace+"/"+name+" "+version)
	return w.Get(ctx, resource, namespace, name)
}

func TestTheSetBehindAScaleIsOfTheVersionThatTheScaleTells(t *testing.T) {
	t.Parallel()
	scale := recorded(t, "../../test/testdata/reviews/02-scale-up.json")
	untold, withoutVersion := scale, scale
	untold.OldObject = nil
	withoutVersion.OldObject = []byte(`{"metadata": {"name": "web"}, "spec": {"replicas": 2}}`)
	for what, test := range map[string]struct {
		review engine.Review
		want   []string
	}{
		"of the old Scale":                      {scale, []string{"statefulsets default/web 714"}},
		"any, where there is no old Scale":      {untold, nil},
		"any, where the Scale tells no version": {withoutVersion, nil},
		"any, for a StatefulSet":                {recorded(t, "../../test/testdata/reviews/04-image-patch.json"), nil},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			snapshot := engine.NewSnapshot("default", []string{"services", "statefulsets"})
			if err := snapshot.Add(builders.MakeStatefulSet().JSON()); err != nil {
				t.Fatal(err)
			}
			world := &following{World: snapshot}
			if _, err := newEngine(t, nil).Decide(t.Context(), test.review, world); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, world.versions); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
		})
	}
}
