package replicas

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	wanted := object.get(input.review.object.spec, "replicas", 1)
	wanted < 2
	msg := sprintf("%d replicas are too few", [wanted])
}

violation contains {"msg": msg} if {
	input.review.kind.kind == "Scale"
	input.review.operation == "UPDATE"
	wanted := object.get(input.review.object, ["spec", "replicas"], 0)
	wanted < 2
	msg := sprintf("%d replicas are too few", [wanted])
}
