# METADATA
# title: Image references
# description: |
#   References as container runtimes read them: `registry:5000/db` has a port and no tag, a digest may follow a
#   tag, and `nginx` means `docker.io/library/nginx`. Source: the grammar of github.com/distribution/reference.
package stateward.lib.image

import data.stateward.lib.pods
import data.stateward.lib.review

_grammar := concat("", [
	`^((?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*`,
	`|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?`,
	`([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)`,
	`(?::([\w][\w.-]{0,127}))?`,
	`(?:@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?$`,
])

# No names: the identifier of an image by itself, and brackets without an IPv6 address in them.
_no_name := `^(?:[a-f0-9]{64}$|\[[^:A-Z]*\])`

# What follows the numbers is set off from them, or is a pre-release: 3b2c1d0 is no version but a commit.
_version := `^[vV]?(\d{1,9}(?:\.\d{1,9})*)((?:[-_+.][0-9A-Za-z].*|(?:alpha|beta|rc)\d*)?)$`

# METADATA
# title: Parse
# description: |
#   The parts of a reference: repository (normalised), tag and digest ("" where absent). Undefined for what no
#   runtime would pull.
parse(reference) := {"repository": repository, "tag": match[3], "digest": match[4]} if {
	is_string(reference)
	not regex.match(_no_name, reference)
	some match in regex.find_all_string_submatch_n(_grammar, reference, 1)
	repository := _repository(trim_suffix(match[1], "/"), match[2])
	count(_path(repository, match[2])) <= 255
}

# What the limit of the length counts: all that follows the registry and its slash.
_path(repository, path) := path if repository == path

_path(repository, path) := substring(repository, indexof(repository, "/") + 1, -1) if repository != path

# A dot before the first slash means a registry. Where that is not the name of a host, as in `my_registry.io/db`,
# runtimes keep the reference as it is and look for it nowhere else.
_without_host("", path) if {
	contains(path, "/")
	contains(split(path, "/")[0], ".")
}

# METADATA
# title: Version
# description: |
#   The numbers that a tag begins with and what follows them: `v3.5.21` is [3, 5, 21], `17.2-alpine` is
#   [17, 2] and "-alpine". Undefined for a tag that is not a version.
version(tag) := {"numbers": [to_number(number) | some number in split(match[1], ".")], "variant": match[2]} if {
	some match in regex.find_all_string_submatch_n(_version, tag, 1)
}

# METADATA
# title: Pre-release
# description: True for the variant of a version that comes before the version itself, as "-rc1" and "beta2" do.
prerelease(variant) if regex.match(`^[-_.]?(?:alpha|beta|rc|pre|dev|snapshot)`, lower(variant))

# METADATA
# title: Containers
# description: Every container of a pod template or a pod, init and sidecar containers too, with the path of each.
# scope: document
containers(value) := [{"path": ["spec", list, index], "container": container} |
	some list in ["initContainers", "containers"]
	some index, container in value.spec[list]
] if {
	value.kind == "Pod"
} else := [{"path": ["spec", "template", "spec", list, index], "container": container} |
	some list in ["initContainers", "containers"]
	some index, container in value.spec.template.spec[list]
]

# METADATA
# title: Keeps running
# description: True for a container that runs as long as its pod, sidecars among the init containers too.
# scope: document
keeps_running(item) if "containers" in item.path

keeps_running(item) if item.container.restartPolicy == "Always"

# METADATA
# title: Subjects
# description: |
#   Everything whose images are judged: StatefulSets that are to exist, and updates of their pods, whose images can be
#   changed behind the set.
subjects := array.concat(review.statefulsets, [entry |
	some entry in review.objects({"Pod"})
	entry.operation == "UPDATE"
	pods.is_of_a_set(entry.old)
])

_docker_hub("docker.io")

_docker_hub("index.docker.io")

# METADATA
# title: New
# description: |
#   True for an image that the set did not run before the request. Containers may change places; an image that runs
#   already is not new.
# scope: document
default is_new(_, _) := true

is_new(entry, reference) := false if {
	some item in containers(entry.old)
	item.container.image == reference
}

# METADATA
# title: Template changes
# description: True where the part of a set's pod template changes that names the images.
template_changes(entry) if object.get(entry.object, _pod, null) != object.get(entry.old, _pod, null)

_pod := ["spec", "template", "spec"]

# METADATA
# title: Changed
# description: |
#   True where a container of a set is to run an image that the container of this name did not run before the request.
changed(entry) if {
	template_changes(entry)
	before := {[item.container.name, item.container.image] | some item in containers(entry.old)}
	some item in containers(entry.object)
	not _runs(before, item.container)
}

_runs(images, container) if [container.name, container.image] in images

# The first component is a registry only where it looks like a host; otherwise all of it is the repository.
_repository(host, path) := path if {
	_without_host(host, path)
} else := concat("/", [host, path]) if {
	_registry(host)
	not _docker_hub(host)
} else := sprintf("docker.io/%s", [path]) if {
	_docker_hub(host)
	contains(path, "/")
} else := sprintf("docker.io/library/%s", [path]) if {
	_docker_hub(host)
} else := sprintf("docker.io/library/%s", [path]) if {
	host == ""
	not contains(path, "/")
} else := sprintf("docker.io/%s", [path]) if {
	host == ""
} else := sprintf("docker.io/%s/%s", [host, path])

_registry(host) if regex.match(`[.:]`, host)

_registry("localhost")

_registry(host) if lower(host) != host
