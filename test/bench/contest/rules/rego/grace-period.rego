package grace_period

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	object.get(input.review.object.spec.template.spec, "terminationGracePeriodSeconds", 0) < 30
	msg := "terminationGracePeriodSeconds is less than 30"
}
