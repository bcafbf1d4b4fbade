package evaluate

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
)

// removal is an API that Kubernetes serves no more.
type removal struct{ kind, version, since, now string }

// removals are those of the kinds that rules read. Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
func removals() [9]removal {
	return [9]removal{
		{"StatefulSet", "apps/v1beta1", "1.16", "apps/v1"},
		{"StatefulSet", "apps/v1beta2", "1.16", "apps/v1"},
		{"Deployment", "apps/v1beta1", "1.16", "apps/v1"},
		{"Deployment", "apps/v1beta2", "1.16", "apps/v1"},
		{"Deployment", "extensions/v1beta1", "1.16", "apps/v1"},
		{"PodDisruptionBudget", "policy/v1beta1", "1.25", "policy/v1"},
		{"StorageClass", "storage.k8s.io/v1beta1", "1.22", "storage.k8s.io/v1"},
		{"HorizontalPodAutoscaler", "autoscaling/v2beta1", "1.25", "autoscaling/v2"},
		{"HorizontalPodAutoscaler", "autoscaling/v2beta2", "1.26", "autoscaling/v2"},
	}
}

// unserved reports an API version that Kubernetes has removed, or never had.
func unserved(document manifest.Document) (what, fix string) {
	for _, each := range removals() {
		if each.kind == document.Kind && each.version == document.APIVersion {
			return fmt.Sprintf("%s is not served since Kubernetes %s, so this %s cannot be applied", each.version, each.since, each.kind),
				fmt.Sprintf("use %s, and check the fields that changed", each.now)
		}
	}
	for each := range policies.KubernetesResources() {
		if each.Kind != document.Kind || policies.GroupOf(document.APIVersion) != each.Group && !misplaced(document, each) {
			continue
		}
		if served := versionOf(each); served != document.APIVersion {
			return fmt.Sprintf("Kubernetes has no %s in %q", each.Kind, document.APIVersion), "use " + served
		}
	}
	return "", ""
}

// isUnserved reports a document that is of no type which rules know.
func isUnserved(document manifest.Document) bool {
	what, _ := unserved(document)
	return what != "" && !document.IsAdmissionReview()
}

// misplaced reports a kind of Kubernetes' in a group of Kubernetes' that does not have it. Groups with a dot are other
// people's, who may have kinds of the same name.
func misplaced(document manifest.Document, resource policies.Resource) bool {
	group := policies.GroupOf(document.APIVersion)
	return group != resource.Group && !strings.Contains(group, ".")
}

func versionOf(resource policies.Resource) string {
	if resource.Group == "" {
		return resource.Version
	}
	return resource.Group + "/" + resource.Version
}

// misspelt reports a kind that is nearly one which rules read: in other letters, in the plural, or with a letter or two
// too many, too few or out of place.
func misspelt(document manifest.Document) (what, fix string) {
	group := policies.GroupOf(document.APIVersion)
	if strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") || isKubernetes(document) {
		return "", ""
	}
	what = fmt.Sprintf("Kubernetes has no kind %q, so this object cannot be applied", document.Kind)
	for each := range policies.KubernetesResources() {
		if each.Kind == document.Kind {
			continue
		}
		if strings.EqualFold(document.Kind, each.Kind) || strings.EqualFold(document.Kind, each.Name) ||
			each.Group == group && isNear(document.Kind, each.Kind) {
			return what, "write " + each.Kind
		}
	}
	// Other groups had kinds that are gone, or have some of other programs.
	if group == appsv1.GroupName && !isUnserved(document) {
		return fmt.Sprintf("group %s of Kubernetes has no kind %q, so this object cannot be applied", group, document.Kind),
			"write StatefulSet, or the apiVersion that this kind has"
	}
	return "", ""
}

// isKubernetes reports a kind that some version of a group of Kubernetes' has. Nearly always it is the version that the
// document names; to list all versions of a kind takes a walk over all groups.
func isKubernetes(document manifest.Document) bool {
	if scheme.Scheme.Recognizes(schema.FromAPIVersionAndKind(document.APIVersion, document.Kind)) {
		return true
	}
	kind := schema.GroupKind{Group: policies.GroupOf(document.APIVersion), Kind: document.Kind}
	return slices.ContainsFunc(scheme.Scheme.VersionsForGroupKind(kind), func(version schema.GroupVersion) bool {
		return version.Version != runtime.APIVersionInternal
	})
}

// isNear reports words that differ in two letters at most, or in one where they are short.
func isNear(word, other string) bool {
	const short = 8
	most := 2
	if len(other) < short {
		most = 1
	}
	return len(word) > len(other)-most-1 && len(word) < len(other)+most+1 && distance(strings.ToLower(word), strings.ToLower(other)) <= most
}

// distance counts the letters to add, to remove, to change and to exchange with their neighbour.
func distance(word, other string) int {
	rows := make([][]int, len(word)+1)
	for i := range rows {
		rows[i] = make([]int, len(other)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(word); i++ {
		for j := 1; j <= len(other); j++ {
			change := 1
			if word[i-1] == other[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && word[i-1] == other[j-2] && word[i-2] == other[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(word)][len(other)]
}
