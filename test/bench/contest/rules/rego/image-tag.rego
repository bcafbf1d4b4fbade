package image_tag

violation contains {"msg": msg} if {
	input.review.kind.kind == "StatefulSet"
	input.review.operation in {"CREATE", "UPDATE"}
	some container in input.review.object.spec.template.spec.containers
	unpinned(container.image)
	msg := sprintf("image %s has no tag that stays", [container.image])
}

unpinned(image) if {
	not contains(image, "@")
	parts := split(image, "/")
	not contains(parts[count(parts) - 1], ":")
}

unpinned(image) if endswith(image, ":latest")
