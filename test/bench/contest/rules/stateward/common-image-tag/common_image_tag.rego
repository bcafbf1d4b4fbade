# METADATA
# title: Images have a tag that stays
# description: An image without a tag, or with latest, is another one tomorrow.
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: name a version or a digest
#   since: v0.1.0
package stateward.custom.rules.common["common-image-tag"]

import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "template", "spec", "containers"],
	"what": sprintf("image %s has no tag that stays", [container.image]),
	"touched": true,
}) if {
	some entry in review.statefulsets
	some container in entry.object.spec.template.spec.containers
	_unpinned(container.image)
}

_unpinned(image) if {
	not contains(image, "@")
	parts := split(image, "/")
	not contains(parts[count(parts) - 1], ":")
}

_unpinned(image) if endswith(image, ":latest")
