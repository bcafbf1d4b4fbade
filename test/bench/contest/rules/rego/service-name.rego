package service_name

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	object.get(input.review.object.spec, "serviceName", "") == ""
	msg := "there is no serviceName"
}
