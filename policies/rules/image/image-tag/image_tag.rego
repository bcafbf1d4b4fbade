# METADATA
# title: Images have a tag that stays
# description: |
#   An image without a tag is `latest`, and `latest` is whatever the registry holds when a pod happens to restart:
#   after a node failure one member of the database runs another version than its peers.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: name a version, such as nginx:1.27.4, or a digest
#   since: v0.1.0
package stateward.rules.image["image-tag"]

import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["image"]),
	"what": problem,
	"touched": image.is_new(entry, reference),
}) if {
	some entry in review.statefulsets
	some item in image.containers(entry.object)
	reference := object.get(item.container, "image", "")
	problem := _problem(reference)
}

_problem("") := "there is none"

_problem(reference) := sprintf("%q is not an image reference", [reference]) if {
	reference != ""
	not image.parse(reference)
} else := sprintf("%q has no tag, which means latest", [reference]) if {
	image.parse(reference).tag == ""
	image.parse(reference).digest == ""
} else := sprintf("%q is another image tomorrow", [reference]) if {
	image.parse(reference).tag == "latest"
	image.parse(reference).digest == ""
}
