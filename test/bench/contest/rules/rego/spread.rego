package spread

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	not input.review.object.spec.template.spec.affinity.podAntiAffinity
	count(object.get(input.review.object.spec.template.spec, "topologySpreadConstraints", [])) == 0
	msg := "nothing keeps the pods apart"
}
