# METADATA
# title: Images have a fixed tag
# description: |
#   An image without a tag means `latest`, and `latest` is whatever the registry holds when a pod restarts: after a
#   node failure, one member of the database runs a different version from its peers.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#     pods: [UPDATE]
#   when:
#     pods: images
#   params:
#     moving:
#       type: array
#       default: [latest, main, master, stable, edge, nightly, dev]
#       description: Tags that move, alone and before a variant as in latest-alpine
#   fix: use a version tag, such as nginx:1.27.4, or a digest
#   since: v0.1.0
#   cel:
#     on:
#       statefulsets: [CREATE, UPDATE]
#     variables:
#       - name: images
#         expression: >-
#           (object.spec.template.spec.?initContainers.orValue([]) +
#           object.spec.template.spec.?containers.orValue([]))
#           .map(container, container.?image.orValue(''))
#       - name: before
#         expression: >-
#           oldObject == null ? [] : (oldObject.spec.template.spec.?initContainers.orValue([]) +
#           oldObject.spec.template.spec.?containers.orValue([])).map(container, container.?image.orValue(''))
#       - {name: news, expression: "variables.images.filter(image, !(image in variables.before))"}
#       # The grammar of lib/image.rego, without its groups.
#       - name: malformed
#         expression: >-
#           variables.news.filter(image, image.matches(r'^(?:[a-f0-9]{64}$|\[[^:A-Z]*\])') || !image.matches(
#           r'^((?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])' +
#           r'(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?' +
#           r'[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*' +
#           r'(?::\w[\w.-]{0,127})?(?:@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?$'))
#       - {name: untagged, expression: "variables.news.filter(image, image.matches('^([^@]*/)?[^:@/]*$'))"}
#       # The parameter: an export writes what Guardrails set in its place.
#       - {name: moving, expression: '["latest","main","master","stable","edge","nightly","dev"]'}
#       - name: latest
#         expression: >-
#           variables.news.filter(image, image.matches('^([^@]*/)?[^:@/]*:[^@/]*$') && variables.moving.exists(word,
#           image.substring(image.lastIndexOf(':') + 1) == word ||
#           image.substring(image.lastIndexOf(':') + 1).startsWith(word + '-')))
#     validations:
#       - path: spec.template.spec.containers
#         expression: "!('' in variables.images)"
#         what: "'a container has no image'"
#       - path: spec.template.spec.containers
#         expression: size(variables.malformed) == 0
#         what: "variables.malformed.join(', ') + ' is not an image reference'"
#       - path: spec.template.spec.containers
#         expression: size(variables.untagged) == 0
#         what: "variables.untagged.join(', ') + ' has no tag, which means latest'"
#       - path: spec.template.spec.containers
#         expression: size(variables.latest) == 0
#         what: "variables.latest.join(', ') + ' may be a different image tomorrow'"
package stateward.rules.image["image-tag"]

import data.stateward.lib.config
import data.stateward.lib.image
import data.stateward.lib.result

report contains result.violation(rego.metadata.chain(), entry, {
	"path": array.concat(item.path, ["image"]),
	"what": problem,
	"touched": image.is_new(entry, reference),
}) if {
	some entry in image.subjects
	some item in image.containers(entry.object)
	reference := object.get(item.container, "image", "")
	problem := _problem(reference, config.param(rego.metadata.chain(), "moving"))
}

_problem("", _) := "there is none"

_problem(reference, moving) := sprintf("%v is not an image reference", [json.marshal(reference)]) if {
	reference != ""
	not image.parse(reference)
} else := sprintf("%q has no tag, which means latest", [reference]) if {
	image.parse(reference).tag == ""
	image.parse(reference).digest == ""
} else := sprintf("%q may be a different image tomorrow", [reference]) if {
	image.parse(reference).digest == ""
	some word in moving
	_moves(image.parse(reference).tag, word)
}

_moves(tag, word) if tag == word

_moves(tag, word) if startswith(tag, sprintf("%s-", [word]))
