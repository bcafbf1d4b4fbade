# METADATA
# title: Shapes
# description: |
#   The shapes that `input` comes in, and the one form that the rest of the library sees: an AdmissionReview, a bare
#   manifest, a `kind: List`, conftest's `--combine` array, Gatekeeper's `input.review`. The only reader of `input`.
#   An engine that asks many times may hand the entries over ready-made as `data.review`, without the exempt ones.
package stateward.lib.shape

# METADATA
# title: Entries
# description: |
#   One entry for each thing under review. An entry always has: operation ("CREATE", "UPDATE", "DELETE", "AUDIT" for an
#   object that is stored and only looked at, or "MANIFEST" if there is none), group, kind, subresource ("" for the
#   resource itself), namespace, name, object and old (null where absent), options and user ({} where absent), time (RFC
#   3339, "" where unknown), planned (true where two versions of a manifest are compared: nothing of it is stored yet),
#   dry_run (true where nothing will be stored).
# scope: document
entries := judged if judged

else := [_entry(input.request, _object_or_empty(input, "stateward"))] if is_object(input.request)

else := [_entry(input.review, {})] if is_object(input.review)

else := [entry | some document in input; some entry in _entries(document)] if is_array(input)

else := _entries({"contents": input})

# METADATA
# title: Judged
# description: The entries that were handed over; undefined where none were.
# scope: document
judged := data.review if is_array(data.review)

# METADATA
# title: Complete
# description: True when the input is a set of manifests, so that what is not in it can be called missing.
# scope: document
complete if is_array(input)

complete if _items(input)

# conftest --combine gives {path, contents}; contents is one document, or an array for a file with several.
_entries(document) := [entry |
	some content in _contents(document)
	some entry in _unwrapped(content)
]

_contents(document) := document.contents if {
	is_array(document.contents)
} else := [document.contents] if {
	document.contents
} else := [document]

_unwrapped(content) := [_entry(content.request, _object_or_empty(content, "stateward"))] if {
	is_object(content.request)
} else := [_entry({"object": item}, {}) | some item in _flattened(content)]

# A List may hold Lists: two levels are what kubectl's own output can produce.
_flattened(content) := [leaf |
	some item in _items(content)
	some leaf in _leaves(item)
] if {
	_items(content)
} else := [content] if {
	is_object(content)
	is_string(content.kind)
} else := []

_leaves(item) := items if {
	items := _items(item)
} else := [item]

_items(content) := content.items if {
	is_array(content.items)
	endswith(content.kind, "List")
}

# What Stateward adds to a request stands beside it, where whoever makes the request cannot write.
_entry(request, added) := {
	"operation": _operation(object.get(request, "operation", "")),
	"group": object.get(request, ["kind", "group"], _group(request)),
	"kind": object.get(request, ["kind", "kind"], _kind(request)),
	"resource": object.get(request, ["resource", "resource"], ""),
	"subresource": object.get(request, "subResource", ""),
	"namespace": _namespace(request),
	"name": _name(request),
	"object": object.get(request, "object", null),
	"old": object.get(request, "oldObject", null),
	"options": _object_or_empty(request, "options"),
	"user": _object_or_empty(request, "userInfo"),
	"time": object.get(added, "time", ""),
	"planned": object.get(added, "planned", false),
	"dry_run": _is_dry(request),
}

default _is_dry(_) := false

_is_dry(request) if request.dryRun == true

# The body of an Eviction says it too, and `kubectl drain --dry-run=server` says it only there.
_is_dry(request) if "All" in request.object.deleteOptions.dryRun

# Gatekeeper's audit gives an object an empty operation: nobody does anything to it.
_operation("") := "MANIFEST"

_operation(operation) := operation if operation != ""

_kind(request) := object.get(_subject(request), "kind", "")

_group(request) := split(_subject(request).apiVersion, "/")[0] if contains(_subject(request).apiVersion, "/")

else := ""

# A volume belongs to the namespace of its claim, and the content of a snapshot to that of the snapshot.
_namespace(request) := request.namespace if {
	request.namespace != ""
} else := namespace if {
	_kind(request) == "PersistentVolume"
	namespace := _subject(request).spec.claimRef.namespace
} else := namespace if {
	_kind(request) == "VolumeSnapshotContent"
	namespace := _subject(request).spec.volumeSnapshotRef.namespace
} else := namespace if {
	namespace := _subject(request).metadata.namespace
	not namespace in {"", null}
} else := "default"

# Identity is read from the objects: request.name is empty for each item of a deletecollection.
_name(request) := name if {
	name := _subject(request).metadata.name
} else := sprintf("%sxxxxx", [prefix]) if {
	prefix := _subject(request).metadata.generateName
	is_string(prefix)
} else := object.get(request, "name", "")

_subject(request) := request.oldObject if is_object(request.oldObject)

else := request.object if is_object(request.object)

else := {}

_object_or_empty(request, key) := request[key] if is_object(request[key])

else := {}
