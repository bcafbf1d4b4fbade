package inventory

import "github.com/open-policy-agent/opa/v1/ast"

// Named lists the objects of the whole cluster that an object names, each as KIND/NAME: the node of a Pod, the only nodes that can
// reach a PersistentVolume, and the PriorityClass and StorageClasses of a StatefulSet. A PersistentVolume names a node by the value
// of a label, which is usually its name.
func Named(resource string, object ast.Value) (named []string) {
	switch resource {
	case "pods":
		return appendNamed(nil, "Node/", textAt(object, "spec", "nodeName"))
	case "persistentvolumes":
		return nodesOf(object)
	case "statefulsets":
		return classesOf(object)
	default:
		return nil
	}
}

func classesOf(set ast.Value) (named []string) {
	named = appendNamed(nil, "PriorityClass/", textAt(set, "spec", "template", "spec", "priorityClassName"))
	for _, template := range elementsAt(set, "spec", "volumeClaimTemplates") {
		named = appendNamed(named, "StorageClass/", textAt(template, "spec", "storageClassName"))
	}
	return named
}

// nodesOf reads what a volume requires of its node. Source: VolumeNodeAffinity in k8s.io/api/core/v1.
func nodesOf(volume ast.Value) (named []string) {
	for _, term := range elementsAt(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms") {
		for _, expression := range elementsAt(term, "matchExpressions") {
			// Any one of more than one node would do.
			values := elementsAt(expression, "values")
			if textAt(expression, "operator") == "In" && len(values) == 1 {
				named = appendNamed(named, "Node/", textAt(values[0]))
			}
		}
	}
	return named
}

func appendNamed(named []string, kind, name string) []string {
	if name == "" {
		return named
	}
	return append(named, kind+name)
}
