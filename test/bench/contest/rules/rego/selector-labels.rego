package selector_labels

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	some key, value in input.review.object.spec.selector.matchLabels
	object.get(input.review.object.spec.template.metadata.labels, key, null) != value
	msg := sprintf("the template has no label %s=%s", [key, value])
}
