package cli

import (
	"context"
	"fmt"
	"regexp"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
)

// show lists what is covered, and what a deletion deletes too.
func (s sweep) show(ctx context.Context, namespace string, covered []unstructured.Unstructured) error {
	claimResource, _ := policies.LookupResource("persistentvolumeclaims")
	claims, err := list(ctx, s.client, claimResource, []string{namespace})
	if err != nil {
		return fmt.Errorf("list persistentvolumeclaims: %w", err)
	}
	for _, object := range covered {
		loss := ""
		if s.operation == "delete" {
			if loss, err = lossOf(object, claims); err != nil {
				return err
			}
		}
		fmt.Fprintf(s.streams.Out, "  %s %s%s\n", object.GetKind(), object.GetName(), loss)
	}
	return nil
}

// lossOf says what the deletion of an object takes with it.
func lossOf(object unstructured.Unstructured, claims []unstructured.Unstructured) (string, error) {
	switch object.GetKind() {
	case "PersistentVolumeClaim":
		return ": its data is deleted unless its volume is retained", nil
	case "StatefulSet":
		var set appsv1.StatefulSet
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &set); err != nil {
			return "", fmt.Errorf("read StatefulSet %s: %w", object.GetName(), err)
		}
		return lossOfSet(&set, claims), nil
	default:
		return "", nil
	}
}

func lossOfSet(set *appsv1.StatefulSet, claims []unstructured.Unstructured) string {
	replicas := int32(1)
	if set.Spec.Replicas != nil {
		replicas = *set.Spec.Replicas
	}
	text := fmt.Sprintf(": %s stop", report.Plural(int(replicas), "pod"))
	count, size := claimsOf(set, claims)
	if count == 0 {
		return text
	}
	fate := "stay"
	if policy := set.Spec.PersistentVolumeClaimRetentionPolicy; policy != nil && policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
		fate = "are DELETED (whenDeleted: Delete)"
	}
	return fmt.Sprintf("%s; %s with %s %s", text, report.Plural(count, "claim"), size.String(), fate)
}

// claimsOf counts the claims of a set's templates, of whatever ordinal, and what they request together.
func claimsOf(set *appsv1.StatefulSet, claims []unstructured.Unstructured) (count int, size resource.Quantity) {
	for _, template := range set.Spec.VolumeClaimTemplates {
		name := regexp.MustCompile(fmt.Sprintf(`^%s-%s-\d+$`, regexp.QuoteMeta(template.Name), regexp.QuoteMeta(set.Name)))
		for _, claim := range claims {
			if !name.MatchString(claim.GetName()) {
				continue
			}
			count++
			requested, _, _ := unstructured.NestedString(claim.Object, "spec", "resources", "requests", "storage")
			if quantity, err := resource.ParseQuantity(requested); err == nil {
				size.Add(quantity)
			}
		}
	}
	return count, size
}
