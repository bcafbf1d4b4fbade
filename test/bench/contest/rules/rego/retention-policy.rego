package retention_policy

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	some field in ["whenDeleted", "whenScaled"]
	not input.review.object.spec.persistentVolumeClaimRetentionPolicy[field]
	msg := sprintf("persistentVolumeClaimRetentionPolicy does not say %s", [field])
}
