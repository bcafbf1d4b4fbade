# METADATA
# title: Volumes
# description: What a PersistentVolume and its claim have to do with each other.
package stateward.lib.volume

import data.stateward.lib.cluster

# METADATA
# title: Bound claim
# description: |
#   The name of the claim that is bound to a volume, and not another one of that name; undefined for none. In files,
#   where neither has a uid, the name is enough.
bound_claim(volume) := ref.name if {
	ref := volume.spec.claimRef
	claim := cluster.claim(ref.namespace, ref.name)
	_is_meant(claim.metadata, ref)
}

_is_meant(metadata, ref) if metadata.uid == ref.uid

_is_meant(metadata, ref) if {
	not metadata.uid
	not ref.uid
}
