package admission

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
)

// TestHandlerKeepsHeldCanaries sends what tools send when they apply a manifest with partition 0 to a set whose
// canary is held at 2.
func TestHandlerKeepsHeldCanaries(t *testing.T) {
	t.Parallel()
	const flux = "system:serviceaccount:flux-system:kustomize-controller"
	image := at(t, heldSet(t, nil), "metadata", "annotations")[policies.CanaryHoldAnnotation]
	for name, test := range map[string]struct {
		user      string
		change    func(set map[string]any)
		partition float64
		hold      any
		warned    bool
	}{
		"an apply":                {flux, setPartition(0), 2, image, false},
		"an apply of another key": {flux, func(set map[string]any) { set["spec"].(map[string]any)["minReadySeconds"] = 5 }, 2, image, false},
		"a PUT without annotations": {flux, func(set map[string]any) {
			setPartition(0)(set)
			delete(set["metadata"].(map[string]any), "annotations")
		}, 2, image, false},
		"an invented hold": {flux, func(set map[string]any) {
			setPartition(1)(set)
			set["metadata"].(map[string]any)["annotations"] = map[string]any{policies.CanaryHoldAnnotation: "1/web=web"}
		}, 2, image, false},
		"another template": {flux, func(set map[string]any) {
			setPartition(0)(set)
			at(t, set, "spec", "template", "metadata")["annotations"] = map[string]any{"team": "shop"}
		}, 2, image, true},
		"a person":                       {"alice", setPartition(0), 0, nil, false},
		"a person who drops it":          {"alice", func(set map[string]any) { delete(set["metadata"].(map[string]any), "annotations") }, 2, image, true},
		"a person who removes the label": {"alice", func(set map[string]any) { at(t, set, "metadata", "labels")["stateward.dev/canary"] = "no" }, 2, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, newHandler(t, engine.MutatingPhase))
			for _, dry := range []bool{false, true} {
				body := altered(t, updateReview, func(request map[string]any) {
					request["dryRun"] = dry
					request["userInfo"] = map[string]any{"username": test.user}
					request["oldObject"] = heldSet(t, nil)
					request["object"] = heldSet(t, test.change)
				})
				warnings := len(post(t, url, contentType, body).Warnings)
				after := body
				if post(t, url, contentType, body).Patch != nil {
					after = mutate(t, url, body)
				}
				set := object(t, after)
				annotations, _ := set["metadata"].(map[string]any)["annotations"].(map[string]any)
				got := []any{at(t, set, "spec", "updateStrategy", "rollingUpdate")["partition"], annotations[policies.CanaryHoldAnnotation]}
				if diff := cmp.Diff([]any{test.partition, test.hold}, got); diff != "" {
					t.Errorf("dry run %v: partition and hold (-want +got):\n%s", dry, diff)
				}
				if again := post(t, url, contentType, after); again.Patch != nil {
					t.Errorf("dry run %v: asked again, it patches %s", dry, again.Patch)
				}
				// A dry run is warned of its forecast too.
				if !dry && warnings > 0 != test.warned {
					t.Errorf("%d warnings", warnings)
				}
			}
		})
	}
}

func setPartition(partition int) func(set map[string]any) {
	return func(set map[string]any) {
		set["spec"].(map[string]any)["updateStrategy"] = map[string]any{
			"type": "RollingUpdate", "rollingUpdate": map[string]any{"partition": partition},
		}
	}
}

// heldSet is the set of the tutorial with a canary that is held at 2 of 3 pods, and a change of it.
func heldSet(t *testing.T, change func(set map[string]any)) map[string]any {
	t.Helper()
	var set map[string]any
	if err := json.Unmarshal(recording(t, updateReview).Object.Raw, &set); err != nil {
		t.Fatal(err)
	}
	setPartition(2)(set)
	container := first(t, at(t, set, "spec", "template", "spec")["containers"])
	metadata := at(t, set, "metadata")
	metadata["labels"] = map[string]any{"stateward.dev/canary": "auto"}
	metadata["annotations"] = map[string]any{
		policies.CanaryHoldAnnotation: "2/" + container["name"].(string) + "=" + container["image"].(string),
	}
	set["status"] = map[string]any{"observedGeneration": metadata["generation"], "currentRevision": "web-a", "updateRevision": "web-b"}
	if change != nil {
		change(set)
	}
	return set
}
