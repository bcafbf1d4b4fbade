# METADATA
# title: Claims are as their templates request
# description: |
#   A claim keeps the size and the class that it was made with, and its template cannot be changed. After a resize of
#   the claims, a new pod starts with a smaller volume than its peers; a claim that is smaller than its template fills
#   up first. The rule compares the claims of the first 100 replicas with their templates.
# custom:
#   severity: warn
#   on:
#     statefulsets: [AUDIT]
#   reads: [persistentvolumeclaims]
#   fix: resize the claims that are too small; to change a template, recreate the set with --cascade=orphan
#   since: v0.1.0
package stateward.rules.audit["claim-drift"]

import data.stateward.lib.claim
import data.stateward.lib.family
import data.stateward.lib.listing
import data.stateward.lib.quantity
import data.stateward.lib.result
import data.stateward.lib.review

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["spec", "volumeClaimTemplates", index],
	"what": sprintf("%s: %s", [listing.short(names), fault]),
}) if {
	some entry in review.audited({"StatefulSet"})
	drifted := [object.union(each, {"fault": fault}) |
		some each in family.claims(entry.namespace, entry.object)
		some fault in _faults(each.claim, each.template)
	]
	some [index, fault] in {[each.index, each.fault] | some each in drifted}
	names := [each.claim.metadata.name | some each in drifted; each.index == index; each.fault == fault]
}

_faults(found, template) := {sprintf("size %v, the template requests %v", [has, wants]) |
	has := found.spec.resources.requests.storage
	wants := template.spec.resources.requests.storage
	quantity.bytes(has) != quantity.bytes(wants)
} | {sprintf("class %q, the template requests %q", [has, wants]) |
	has := claim.class(found)
	wants := claim.class(template)
	has != wants
}
