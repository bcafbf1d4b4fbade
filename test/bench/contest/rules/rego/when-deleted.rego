package when_deleted

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	input.review.object.spec.persistentVolumeClaimRetentionPolicy.whenDeleted == "Delete"
	msg := "the claims are deleted with the set"
}

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation == "DELETE"
	input.review.oldObject.spec.persistentVolumeClaimRetentionPolicy.whenDeleted == "Delete"
	msg := "the claims are deleted with the set"
}
