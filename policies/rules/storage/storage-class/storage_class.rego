# METADATA
# title: The storage class exists
# description: |
#   The API server accepts any storage class name, or none. If the class does not exist, or no name is set and the
#   cluster has no default class, the claim stays Pending for ever, and pod 0 with it. The templates cannot be changed
#   afterwards. `storageClassName: ""` requests a volume created by hand and is allowed, and so is a class that only
#   such volumes name, if the parameter `static` lists it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE]
#   reads: [storageclasses]
#   params:
#     static:
#       type: array
#       default: []
#       description: Names without a StorageClass object, used by volumes created by hand
#   fix: use a class that `kubectl get storageclass` lists
#   since: v0.1.0
package stateward.rules.storage["storage-class"]

import data.stateward.lib.claim
import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.result

report contains result.violation(rego.metadata.chain(), missing.entry, missing.finding) if {
	count(claim.new_templates) > 0
	cluster.knows("storageclasses")
	some missing in _missing
}

# Some classes may be shipped with the manifests and others not; a name that is not among them is worth a look.
report contains result.advice(rego.metadata.chain(), missing.entry, object.union(missing.finding, {"what": sprintf(
	"StorageClass %q is not among those given (%s)",
	[missing.name, concat(", ", [class.metadata.name | some class in cluster.storage_classes])],
)})) if {
	count(claim.new_templates) > 0
	count(cluster.storage_classes) > 0
	not cluster.knows("storageclasses")
	some missing in _missing
}

report contains result.violation(rego.metadata.chain(), template.entry, {
	"path": array.concat(template.path, ["spec", "storageClassName"]),
	"what": "is absent and the cluster has no default class: the claims would stay Pending",
}) if {
	count(claim.new_templates) > 0
	cluster.knows("storageclasses")
	not cluster.default_storage_class
	some template in claim.new_templates
	not claim.class(template.claim)
}

_missing := [{"entry": template.entry, "name": name, "finding": finding} |
	some template in claim.new_templates
	name := claim.class(template.claim)
	name != ""
	not name in config.param(rego.metadata.chain(), "static")
	not cluster.storage_class(name)
	finding := {
		"path": array.concat(template.path, claim.class_path(template.claim)),
		"what": sprintf("StorageClass %q does not exist: the claims would stay Pending", [name]),
	}
]
