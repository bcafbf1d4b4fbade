package inventory

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Named lists the objects of the whole cluster that an object names, each as KIND/NAME: the node of a Pod, the nodes that
// alone can reach a PersistentVolume, and the PriorityClass and StorageClasses of a StatefulSet. A node is named there by the value of a label, which is mostly its name.
func Named(resource string, object ast.Value) (named []string) {
	switch resource {
	case "pods":
		return appendNamed(nil, "Node/", lazy.Find(object, "spec", "nodeName"))
	case "persistentvolumes":
		return nodesOf(object)
	case "statefulsets":
		return classesOf(object)
	default:
		return nil
	}
}

func classesOf(set ast.Value) (named []string) {
	named = appendNamed(nil, "PriorityClass/", lazy.Find(set, "spec", "template", "spec", "priorityClassName"))
	templates, _ := lazy.Elements(lazy.Find(set, "spec", "volumeClaimTemplates"))
	for _, template := range templates {
		named = appendNamed(named, "StorageClass/", lazy.Find(template.Value, "spec", "storageClassName"))
	}
	return named
}

// nodesOf reads what a volume requires of its node. Source: VolumeNodeAffinity in k8s.io/api/core/v1.
func nodesOf(volume ast.Value) (named []string) {
	terms, _ := lazy.Elements(lazy.Find(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms"))
	for _, term := range terms {
		expressions, _ := lazy.Elements(lazy.Find(term.Value, "matchExpressions"))
		for _, expression := range expressions {
			// Any one of more than one node would do.
			values, _ := lazy.Elements(lazy.Find(expression.Value, "values"))
			if lazy.Forced(lazy.Find(expression.Value, "operator")) == ast.Value(ast.String("In")) && len(values) == 1 {
				named = appendNamed(named, "Node/", values[0].Value)
			}
		}
	}
	return named
}

func appendNamed(named []string, kind string, value ast.Value) []string {
	if name, ok := lazy.Forced(value).(ast.String); ok && name != "" {
		return append(named, kind+string(name))
	}
	return named
}
