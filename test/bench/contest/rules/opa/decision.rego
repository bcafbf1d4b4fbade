# The answer of `opa run --server` to an AdmissionReview: what it says where it is asked nothing in particular.
package system

main := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

response := {"uid": input.request.uid, "allowed": true} if count(data.common.violation) == 0

response := {"uid": input.request.uid, "allowed": false, "status": {"code": 403, "message": message}} if {
	count(data.common.violation) > 0
	message := concat("; ", sort([violation.msg | some violation in data.common.violation]))
}
