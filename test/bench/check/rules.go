package main

import "strings"

// threeRules are the least that conftest could be asked.
const threeRules = `package main

deny contains "no replicas" if {
	input.kind == "StatefulSet"
	not input.spec.replicas
}

deny contains "no limits" if {
	input.kind == "StatefulSet"
	some container in input.spec.template.spec.containers
	not container.resources.limits.memory
}

deny contains "latest" if {
	input.kind == "StatefulSet"
	some container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
}
`

// threeConstraints are the same rules for Gatekeeper: a ConstraintTemplate and a constraint for each.
func threeConstraints() string {
	var page strings.Builder
	for _, rule := range []struct{ kind, name, violation string }{
		{"StatefulSetReplicas", "statefulsetreplicas", `violation[{"msg": "no replicas"}] {
            not input.review.object.spec.replicas
          }`},
		{"StatefulSetLimits", "statefulsetlimits", `violation[{"msg": "no limits"}] {
            container := input.review.object.spec.template.spec.containers[_]
            not container.resources.limits.memory
          }`},
		{"StatefulSetLatest", "statefulsetlatest", `violation[{"msg": "latest"}] {
            container := input.review.object.spec.template.spec.containers[_]
            endswith(container.image, ":latest")
          }`},
	} {
		fill := strings.NewReplacer("KIND", rule.kind, "NAME", rule.name, "VIOLATION", rule.violation)
		page.WriteString(fill.Replace(constraint))
	}
	return page.String()
}

const constraint = `---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: NAME}
spec:
  crd: {spec: {names: {kind: KIND}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
          package NAME
          VIOLATION
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: KIND
metadata: {name: NAME}
spec:
  match: {kinds: [{apiGroups: [apps], kinds: [StatefulSet]}]}
`
