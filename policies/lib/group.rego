# METADATA
# title: Rollout groups
# description: |
#   StatefulSets of which only one at a time may roll: those of a namespace with the same label
#   `stateward.dev/rollout-group`, and those that a group of the Guardrails selects. Their status is read as of now.
package stateward.lib.group

import data.stateward.lib.cluster
import data.stateward.lib.config
import data.stateward.lib.defaults
import data.stateward.lib.metadata
import data.stateward.lib.review
import data.stateward.lib.rolling
import data.stateward.lib.rollout
import data.stateward.lib.scope
import data.stateward.lib.selector

# METADATA
# title: Starts
# description: |
#   Every update that begins to replace pods of a set in a group, or lets a rollout reach more of them. One that brings
#   back an earlier template is none, nor is one of a set that is rolling already, not Ready, or without pods: it must
#   be able to become healthy.
starts := [entry |
	some entry in review.statefulsets
	entry.operation == "UPDATE"
	is_object(entry.old)
	is_grouped(entry)
	_replaces_pods(entry)
	defaults.replicas(entry.old) > 0
	rolling.is_ready(entry.old)
	not rolling.is_under_way(entry.old)
	not _returns(entry)
]

# METADATA
# title: Is grouped
# description: True for a set that is in a group before or after the request.
is_grouped(entry) if count(_groups(entry)) > 0

# METADATA
# title: Busy
# description: The other sets of the groups that are rolling or not Ready, as {group, sts}.
busy(entry) := {member |
	some each in _groups(entry)
	some sts in cluster.matching(each.namespace, each.selector)
	scope.named(each.namespaces, sts.metadata.namespace)
	[sts.metadata.namespace, sts.metadata.name] != [entry.namespace, entry.name]
	not sts.metadata.deletionTimestamp
	rolling.is_busy(sts)
	member := {"group": each.name, "sts": sts}
}

_replaces_pods(entry) if {
	rolling.reaches_pods(entry.object)
	rollout.changes(entry)
}

# Replicas alone let no update reach more pods: those that come have the last template.
_replaces_pods(entry) if {
	object.get(entry.object, _strategy, null) != object.get(entry.old, _strategy, null)
	rolling.reaches_pods(entry.object)
	rolling.first(entry.object) < rolling.first(entry.old)
	_has_news(entry.old)
}

_strategy := ["spec", "updateStrategy"]

_has_news(sts) if rollout.under_way(sts)

_has_news(sts) if rollout.unseen(sts)

_returns(entry) if {
	rollout.changes(entry)
	some revision in cluster.revisions(entry.old)
	_comparable(revision.data.spec.template) == _comparable(entry.object.spec.template)
}

# A revision holds more than the template, and not every API server writes the time of a template's creation.
_comparable(template) := {"metadata": object.remove(metadata, ["creationTimestamp"]), "spec": template.spec} if {
	metadata := object.get(template, "metadata", {})
}

_groups(entry) := {each |
	some sts in [entry.old, entry.object]
	some each in array.concat(_labelled(entry, sts), _configured(entry, sts))
}

_labelled(entry, sts) := [{
	"name": name,
	"namespace": entry.namespace,
	"namespaces": [entry.namespace],
	"selector": {"matchLabels": {metadata.rollout_group: name}},
} |
	name := sts.metadata.labels[metadata.rollout_group]
	name != ""
]

_configured(entry, sts) := [{"name": each.name, "namespace": "", "namespaces": namespaces, "selector": wanted} |
	some each in config.rollout_groups
	namespaces := object.get(each, "namespaces", ["*"])
	wanted := object.get(each, "labelSelector", {"matchLabels": {metadata.rollout_group: each.name}})
	scope.named(namespaces, entry.namespace)
	selector.matches(wanted, object.get(sts, ["metadata", "labels"], {}))
]
