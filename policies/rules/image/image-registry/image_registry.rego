# METADATA
# title: Images come from allowed registries
# description: |
#   An image from any registry is code from anyone, next to your data. Set the allowed registries and the level in
#   Guardrails; the rule does nothing while the list is empty. A reference is compared the way container runtimes read
#   it (`nginx` means `docker.io/library/nginx`) and by whole path segments: `registry.example.com/team` allows
#   `registry.example.com/team/db` but not `registry.example.com/team-evil/db`.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   severity: "off"
#   on:
#     statefulsets: [CREATE, UPDATE]
#     pods: [UPDATE]
#   when:
#     pods: images
#   params:
#     allow:
#       type: array
#       default: []
#       description: Allowed registries or repository prefixes, such as `docker.io/library`
#   fix: use an image from an allowed registry
#   since: v0.1.0
package stateward.rules.image["image-registry"]

import data.stateward.lib.config
import data.stateward.lib.image
import data.stateward.lib.result

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["image"]),
	"what": problem,
	"fix": sprintf("use an image from one of %v", [allow]),
	"touched": image.is_new(entry, reference),
}) if {
	allow := config.param(rego.metadata.chain(), "allow")
	count(allow) > 0
	some entry in image.subjects
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
