# METADATA
# title: Images come from where they may
# description: |
#   An image from anywhere is code from anyone, next to the data. Guardrails give this rule its list and its level;
#   while the list is empty it says nothing. A reference is compared as runtimes read it (`nginx` means
#   `docker.io/library/nginx`) and by whole path segments: `registry.example.com/team` allows
#   `registry.example.com/team/db` and not `registry.example.com/team-evil/db`.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   severity: "off"
#   on:
#     statefulsets: [CREATE, UPDATE]
#   params:
#     allow:
#       type: array
#       default: []
#       description: Registries, or repositories and what is below them, as in `docker.io/library`
#   fix: take the image from a registry that is allowed
#   since: v0.1.0
package stateward.rules.image["image-registry"]

import data.stateward.lib.config
import data.stateward.lib.image
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["image"]),
	"what": problem,
	"fix": sprintf("take the image from what is allowed: %v", [allow]),
	"touched": image.is_new(entry, reference),
}) if {
	allow := config.param(rego.metadata.chain(), "allow")
	count(allow) > 0
	some entry in review.statefulsets
	some item in image.containers(entry.object)
	reference := _reference(item)
	problem := _problem(reference, allow)
}

_problem("", _) := "there is none"

_problem(reference, allow) := sprintf("%v is not an image reference", [json.marshal(reference)]) if {
	reference != ""
	not image.parse(reference)
} else := sprintf("%s is not allowed", [repository]) if {
	repository := image.parse(reference).repository
	not _allowed(repository, allow)
}

_allowed(repository, allow) if {
	some entry in allow
	prefix := trim_right(entry, "/")
	startswith(sprintf("%s/", [repository]), sprintf("%s/", [prefix]))
}

_reference(item) := object.get(item, ["container", "image"], "")
