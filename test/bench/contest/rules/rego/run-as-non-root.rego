package run_as_non_root

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	pod := object.get(input.review.object.spec.template.spec, ["securityContext", "runAsNonRoot"], false)
	some container in input.review.object.spec.template.spec.containers
	not object.get(container, ["securityContext", "runAsNonRoot"], pod)
	msg := sprintf("container %s may run as root", [container.name])
}
