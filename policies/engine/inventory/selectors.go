package inventory

import (
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// ReadSelector reads a LabelSelector as rules write it into a path, as JSON.
func ReadSelector(encoded string) (labels.Selector, error) {
	var selector metav1.LabelSelector
	if err := json.Unmarshal([]byte(encoded), &selector); err != nil {
		return nil, fmt.Errorf("read label selector %q: %w: write it with json.marshal", encoded, err)
	}
	return metav1.LabelSelectorAsSelector(&selector)
}

// Matches reports whether the object's own labels match.
func Matches(object ast.Value, selector labels.Selector) bool {
	return selector.Matches(labels.Set(labelsOf(find(object, "metadata", "labels"))))
}
