package claim_class

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	some claim in input.review.object.spec.volumeClaimTemplates
	object.get(claim.spec, "storageClassName", "") == ""
	msg := sprintf("claim %s names no storage class", [claim.metadata.name])
}
