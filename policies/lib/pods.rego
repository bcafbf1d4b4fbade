# METADATA
# title: Pods
# description: How far a pod is in its life.
package stateward.lib.pods

# METADATA
# title: Has ended
# description: True for a pod whose containers have all stopped for good.
has_ended(pod) if pod.status.phase in {"Failed", "Succeeded"}
