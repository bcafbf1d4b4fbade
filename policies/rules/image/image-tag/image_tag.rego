# METADATA
# title: Images have a fixed tag
# description: |
#   An image without a tag means `latest`, and `latest` is whatever the registry holds when a pod restarts: after a
#   node failure, one member of the database runs a different version from its peers. So are the tags that parameter
#   `moving` lists, unless a version, a date or a commit is in them, as in main-3f2a1bc.
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
#       default: [latest, main, master, trunk, stable, unstable, edge, nightly, dev, develop, devel, canary, snapshot,
#         rolling, mainline, lts, alpine, slim, bookworm]
#       description: Tags that move, alone and with a variant as in latest-alpine or 2022-latest
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
#       - name: moving
#         expression: "[\"latest\",\"main\",\"master\",\"trunk\",\"stable\",\"unstable\",\"edge\",\"nightly\",\
#           \"dev\",\"develop\",\"devel\",\"canary\",\"snapshot\",\"rolling\",\"mainline\",\"lts\",\
#           \"alpine\",\"slim\",\"bookworm\"]"
#       - name: latest
#         expression: >-
#           variables.news.filter(image, image.matches('^([^@]*/)?[^:@/]*:[^@/]*$') && variables.moving.exists(word,
#           [image.substring(image.lastIndexOf(':') + 1)].exists(tag, tag == word ||
#           (['-', '_'].exists(dash, tag.startsWith(word + dash)) && (word == 'latest' ||
#           !tag.matches(r'[-_](?:v?[0-9]+(?:\.[0-9]+)+|[0-9]{3,}|g?[0-9a-f]{7,40})(?:[-_]|$)'))) ||
#           (['-', '_'].exists(dash, tag.endsWith(dash + word)) && (word == 'latest' || !tag.matches('[0-9]'))))))
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
	tag := image.parse(reference).tag
	some word in moving
	contains(tag, word)
	_moves(tag, word)
}

_moves(tag, word) if tag == word

_moves(tag, word) if {
	startswith(tag, word)
	rest := trim_prefix(tag, word)
	regex.match(`^[-_]`, rest)
	_names_none(word, rest)
}

_moves(tag, word) if {
	endswith(tag, word)
	regex.match(`[-_]$`, trim_suffix(tag, word))
	_has_no_version(word, tag)
}

# A version, a build, a date or a commit behind the word names one image.
_names_none("latest", _)

_names_none(word, rest) if {
	word != "latest"
	not regex.match(`[-_](?:v?[0-9]+(?:\.[0-9]+)+|[0-9]{3,}|g?[0-9a-f]{7,40})(?:[-_]|$)`, rest)
}

# What comes before the word may be a version, as in 1.2.3-dev.
_has_no_version("latest", _)

_has_no_version(word, tag) if {
	word != "latest"
	not regex.match(`[0-9]`, tag)
}
