package judge

import (
	"fmt"
	"strings"

	"github.com/stateward/stateward/cmd/internal/apirules"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/fieldpath"
)

// Rules whose findings a check can tell without Rego: what an API server refuses before any rule sees the object.
const (
	fieldTypes = "field-types"
	apiVersion = "api-version"
	apiServer  = "api-server"
	sameObject = "same-object"
	// hpaReplicas is about what rules do not look up: autoscalers are no resource of theirs.
	hpaReplicas = "hpa-replicas"
)

// refused returns what an API server answers to a document that it does not even read; nothing for all others.
func refused(document manifest.Document) []engine.Finding {
	if document.IsAdmissionReview() {
		return nil
	}
	if what, fix := unserved(document); what != "" {
		return []engine.Finding{denied(apiVersion, []any{"apiVersion"}, what, fix)}
	}
	if what, fix := misspelt(document); what != "" {
		return []engine.Finding{denied(apiVersion, []any{"kind"}, what, fix)}
	}
	if _, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind); !known {
		return nil
	}
	if path, err := document.Refusal(); err != nil {
		return []engine.Finding{denied(fieldTypes, path, err.Error(), "write the value as the API reference has it")}
	}
	return nil
}

// invalid returns what an API server refuses of a document that it can read.
func invalid(document manifest.Document) (findings []engine.Finding) {
	for _, each := range document.Invalid() {
		findings = append(findings, denied(apiServer, fieldpath.Parse(each.Field), apirules.Told(each), "write what the API reference allows"))
	}
	return findings
}

// told is all that can be told of a document without any rule.
func told(document manifest.Document) []engine.Finding {
	return append(refused(document), invalid(document)...)
}

// set gives findings the action that is set for their rule, and leaves out those that are off.
func (o Options) set(told []engine.Finding) (rest []engine.Finding) {
	for _, each := range told {
		if o.Action != nil {
			if level, found := o.Action(each.Rule); found {
				each.Level = level
			}
		}
		if each.Level != policies.Off {
			rest = append(rest, each)
		}
	}
	return rest
}

// denied is a finding without an object.
func denied(rule string, path []any, what, fix string) engine.Finding {
	return findingOf(rule, policies.Deny, path, what, fix)
}

func findingOf(rule string, level policies.Level, path []any, what, fix string) engine.Finding {
	finding := engine.Finding{Rule: rule, Level: level, Path: path, Field: field(path), What: what, Fix: fix + "."}
	place := finding.Field
	if place != "" {
		place += ": "
	}
	finding.Message = fmt.Sprintf("[%s] %s%s. Fix: %s", rule, place, what, finding.Fix)
	return finding
}

// field writes a path as people do.
func field(path []any) string {
	var text strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case string:
			if text.Len() > 0 {
				text.WriteByte('.')
			}
			text.WriteString(step)
		default:
			fmt.Fprintf(&text, "[%v]", step)
		}
	}
	return text.String()
}

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
	for _, each := range policies.KubernetesResources() {
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

// misspelt reports a kind that is nearly one which rules read: in other letters, or in the plural.
func misspelt(document manifest.Document) (what, fix string) {
	group := policies.GroupOf(document.APIVersion)
	if strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") {
		return "", ""
	}
	for _, each := range policies.KubernetesResources() {
		if each.Kind == document.Kind {
			continue
		}
		if strings.EqualFold(document.Kind, each.Kind) || strings.EqualFold(document.Kind, each.Name) {
			return fmt.Sprintf("Kubernetes has no kind %q, so this object cannot be applied", document.Kind), "write " + each.Kind
		}
	}
	return "", ""
}
