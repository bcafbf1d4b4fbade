# METADATA
# title: Quantities
# description: Sizes as Kubernetes writes them (staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go).
package stateward.lib.quantity

_form := `^(\d+|\d+\.\d+)(|[KMGTPE]i|[mkMGTPE])$`

# METADATA
# title: Number
# description: What a quantity such as 10Gi amounts to; undefined for the forms that nobody uses for sizes (1e9, 5n).
number(quantity) := units.parse(text) if {
	text := sprintf("%v", [quantity])
	regex.match(_form, text)
}
