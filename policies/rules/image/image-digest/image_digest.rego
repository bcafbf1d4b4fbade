# METADATA
# title: Images are pinned by digest
# description: |
#   A tag can be moved: anyone with push access to the registry decides what a pod runs after its next restart, and
#   two members of one database may run two builds under one tag. A digest identifies the content itself. The tag may
#   stay beside it as a label for people.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   severity: "off"
#   profile:
#     strict: warn
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: append the digest that you tested, as in nginx:1.27.4@sha256:(64 digits)
#   since: v0.1.0
package stateward.rules.image["image-digest"]

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
	reference := _reference(item)
	problem := _problem(reference)
}

_problem("") := "there is none"

_problem(reference) := sprintf("%v is not an image reference", [json.marshal(reference)]) if {
	reference != ""
	not image.parse(reference)
} else := sprintf("%q has no digest: its tag can be moved", [reference]) if {
	image.parse(reference).digest == ""
}

_reference(item) := object.get(item, ["container", "image"], "")
