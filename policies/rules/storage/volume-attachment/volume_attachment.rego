# METADATA
# title: A volume in use stays attached
# description: |
#   Deleting a VolumeAttachment by hand makes the CSI attacher detach the volume from its node, whether or not a pod
#   there still writes to it: data may be damaged, and another node may get the volume meanwhile. Kubernetes deletes
#   the attachment once the pod has ended. The rule denies it where the volume is attached and a pod of a StatefulSet
#   on that node uses its claim. On a node that is not Ready this is a warning: once its machine is switched off, the
#   taint `node.kubernetes.io/out-of-service` makes Kubernetes detach the volume. Kubernetes' own controllers, kubelets
#   and service accounts are never asked. The removal of a finalizer `external-attacher/...` is not checked: while the
#   attachment is not terminating it stays, and of one that is terminating an API server asks no webhook of this rule.
#   The rule is off until Guardrails set its action, and an API server asks about such requests only where its
#   component, or `stateward rules registration --rule volume-attachment`, is applied.
# related_resources:
#   - ref: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume-attachment-v1/
#   - ref: https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
# custom:
#   severity: "off"
#   optIn: true
#   confirm: true
#   dataLoss: true
#   on:
#     volumeattachments: [DELETE]
#   when:
#     volumeattachments: attachments
#   reads: [nodes, persistentvolumes, pods]
#   fix: delete the pod and wait until it has ended
#   since: v0.1.0
package stateward.rules.storage["volume-attachment"]

import data.stateward.lib.cluster
import data.stateward.lib.node
import data.stateward.lib.pods
import data.stateward.lib.reached
import data.stateward.lib.result
import data.stateward.lib.review
import data.stateward.lib.scope

report contains result.violation(rego.metadata.chain(), detached.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("pod %s on node %q still uses volume %q: detached under it, its data may be damaged", [
		detached.pod,
		detached.node,
		detached.volume,
	]),
	"fix": "delete the pod and wait until it has ended: Kubernetes then detaches the volume",
	"scoped": true,
}) if {
	some detached in _detached
	not _is_silent(detached.node)
}

report contains result.advice(rego.metadata.chain(), detached.entry, {
	"path": ["metadata", "name"],
	"what": sprintf("node %q is not Ready, but its machine may still write to volume %q for pod %s", [
		detached.node,
		detached.volume,
		detached.pod,
	]),
	"fix": "switch the machine off and taint the node node.kubernetes.io/out-of-service: Kubernetes then detaches it",
	"scoped": true,
}) if {
	some detached in _detached
	_is_silent(detached.node)
	not _is_out_of_service(detached.node)
}

_detached := [detached |
	some entry in review.deletions("VolumeAttachment")
	scope.class(entry.user) in {"person", "unknown"}
	entry.old.status.attached == true
	name := entry.old.spec.source.persistentVolumeName
	ref := cluster.volume(name).spec.claimRef
	some pod in cluster.mounting(ref.namespace, ref.name)
	pod.spec.nodeName == entry.old.spec.nodeName
	pods.is_of_a_set(pod)
	reached.guarded(rego.metadata.chain(), entry, pod)
	detached := {
		"entry": entry,
		"node": entry.old.spec.nodeName,
		"volume": name,
		"pod": sprintf("%s/%s", [ref.namespace, pod.metadata.name]),
	}
]

_is_silent(name) if {
	found := cluster.node(name)
	not node.is_ready(found)
}

_is_out_of_service(name) if node.is_out_of_service(cluster.node(name))
