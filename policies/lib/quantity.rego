# METADATA
# title: Quantities
# description: |
#   Amounts of storage as Kubernetes writes them: `10Gi`, `1.5T`, `1e9`, `512`. Source:
#   staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go.
package stateward.lib.quantity

# Stricter than Kubernetes where nobody means it: without a digit it takes "Gi" for 0 and refuses "Pi", and it
# counts with numbers of any length.
_form := `^[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})(|[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,2})$`

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
# title: Valid
# description: True for what is a quantity, a negative one too.
valid(value) if regex.match(_form, sprintf("%v", [value]))

# METADATA
# title: Positive
# description: True for a quantity that is more than zero.
positive(value) if {
	valid(value)
	regex.match(`^\+?[0.]*[1-9]`, sprintf("%v", [value]))
}

# METADATA
# title: Bytes
# description: The bytes of a quantity, rounded up as Kubernetes does; undefined for what is none, or a negative one.
bytes(value) := amount if {
	some match in regex.find_all_string_submatch_n(_form, sprintf("%v", [value]), 1)
	_not_negative(match[0])
	amount := ceil(_amount(match[1], match[2]))
}

# METADATA
# title: Text
# description: Bytes in the unit that people think of disks in, to a tenth.
# scope: document
text(amount) := sprintf("%vGi", [_tenths(amount / _units.Gi)]) if {
	amount >= _units.Gi
} else := sprintf("%vMi", [_tenths(amount / _units.Mi)])

_not_negative(text) if not startswith(text, "-")

_not_negative(text) if not regex.match(`^-[0.]*[1-9]`, text)

_amount(number, unit) := to_number(number) * _units[unit]

_amount(number, unit) := to_number(sprintf("%s%s", [number, unit])) if regex.match(`^[eE][+-]?\d`, unit)

_tenths(number) := round(number * 10) / 10
