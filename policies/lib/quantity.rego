# METADATA
# title: Quantities
# description: |
#   Amounts of storage as Kubernetes writes them: `10Gi`, `1.5T`, `1e9`, `512`. Source:
#   staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go.
package stateward.lib.quantity

_form := `^\+?(\d+\.?\d*|\.\d+)(|[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)$`

_units := {
	"n": 0.000000001,
	"u": 0.000001,
	"m": 0.001,
	"": 1,
	"k": 1000,
	"M": 1000000,
	"G": 1000000000,
	"T": 1000000000000,
	"P": 1000000000000000,
	"E": 1000000000000000000,
	"Ki": 1024,
	"Mi": 1048576,
	"Gi": 1073741824,
	"Ti": 1099511627776,
	"Pi": 1125899906842624,
	"Ei": 1152921504606846976,
}

# METADATA
# title: Bytes
# description: The bytes of a quantity; undefined for what is none, or a negative one.
bytes(value) := amount if {
	some match in regex.find_all_string_submatch_n(_form, sprintf("%v", [value]), 1)
	amount := round(_amount(match[1], match[2]))
}

# METADATA
# title: Text
# description: Bytes in the unit that people think of disks in, to a tenth.
# scope: document
text(amount) := sprintf("%vGi", [_tenths(amount / _units.Gi)]) if {
	amount >= _units.Gi
} else := sprintf("%vMi", [_tenths(amount / _units.Mi)])

_amount(number, unit) := to_number(number) * _units[unit]

_amount(number, unit) := to_number(sprintf("%s%s", [number, unit])) if regex.match(`^[eE][+-]?\d`, unit)

_tenths(number) := round(number * 10) / 10
