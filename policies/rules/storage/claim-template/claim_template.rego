# METADATA
# title: Claim templates are valid PersistentVolumeClaims
# description: |
#   The API server barely checks `volumeClaimTemplates`: it accepts a template without an access mode or with a
#   request of zero. The controller then fails to create the claim of pod 0, again and again, long after `kubectl
#   apply` printed "created". The field cannot be changed afterwards.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: "correct the template before the StatefulSet is created: it cannot be changed later"
#   since: v0.1.0
package stateward.rules.storage["claim-template"]

import data.stateward.lib.defaults
import data.stateward.lib.quantity
import data.stateward.lib.result
import data.stateward.lib.review

_access_modes := {"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"}

_volume_modes := {"Filesystem", "Block"}

# A template's name becomes the name of a volume in the pod: an RFC 1123 label.
_label := `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates"],
	"what": "must be a list of claims",
}) if {
	some entry in review.statefulsets
	_malformed(object.get(entry.object, ["spec", "volumeClaimTemplates"], null))
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(_path(index), problem.path),
	"what": problem.what,
}) if {
	some entry in review.statefulsets
	some index, template in entry.object.spec.volumeClaimTemplates
	some problem in _problems(template)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(_path(index), ["metadata", "name"]),
	"what": sprintf("%q is already the name of volumeClaimTemplates[%d]", [template.metadata.name, first]),
}) if {
	some entry in review.statefulsets
	some index, template in entry.object.spec.volumeClaimTemplates
	first := min([other |
		some other, sibling in entry.object.spec.volumeClaimTemplates
		sibling.metadata.name == template.metadata.name
	])
	first < index
}

_malformed(templates) if not type_name(templates) in {"array", "null"}

_malformed(templates) if {
	some template in templates
	not is_object(template)
}

_path(index) := ["spec", "volumeClaimTemplates", index]

_problems(template) := [{"path": path, "what": what} |
	some path, what in {
		["metadata", "name"]: _name_problem(object.get(template, ["metadata", "name"], "")),
		["spec", "accessModes"]: _modes_problem(object.get(template, ["spec", "accessModes"], [])),
		["spec", "resources", "requests", "storage"]: _request_problem(_request(template)),
		["spec", "volumeMode"]: _volume_mode_problem(defaults.volume_mode(template)),
	}
	what != ""
]

_name_problem(name) := "" if {
	regex.match(_label, name)
} else := sprintf("%q is not a valid volume name (lower case letters, digits and '-', at most 63)", [name])

_modes_problem(modes) := "there is none" if {
	modes in {[], null}
} else := "must be a list of access modes" if {
	not is_array(modes)
} else := sprintf("access mode %v does not exist, use %s", [unknown[0], concat(", ", _access_modes)]) if {
	unknown := [json.marshal(mode) | some mode in modes; not mode in _access_modes]
	count(unknown) > 0
} else := "ReadWriteOncePod cannot be combined with other modes" if {
	"ReadWriteOncePod" in modes
	count(modes) > 1
} else := ""

_request_problem(request) := "there is none" if {
	request == ""
} else := sprintf("%q is not a quantity such as 10Gi", [request]) if {
	not quantity.valid(request)
} else := sprintf("%q must be greater than zero", [request]) if {
	not quantity.positive(request)
} else := ""

# YAML reads an unquoted 10 as a number; to Kubernetes it is the quantity 10.
_request(template) := "" if {
	object.get(template, ["spec", "resources", "requests", "storage"], null) == null
} else := sprintf("%v", [template.spec.resources.requests.storage])

_volume_mode_problem(mode) := "" if {
	mode in _volume_modes
} else := sprintf("volume mode %q does not exist, use %s", [mode, concat(", ", _volume_modes)])
