package resource_limits

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	some container in input.review.object.spec.template.spec.containers
	some resource in ["cpu", "memory"]
	not container.resources.limits[resource]
	msg := sprintf("container %s has no limit of %s", [container.name, resource])
}
