# METADATA
# title: Identity
# description: |
#   Who is acting, as far as a rule may care. Names are compared whole: an account that is called like a controller and
#   lives in another namespace is automation. Sources: controller_policy.go in
#   plugin/pkg/auth/authorizer/rbac/bootstrappolicy, and pkg/authentication/user/user.go of k8s.io/apiserver.
package stateward.lib.identity

# kube-controller-manager's controllers all act under one name where it runs with
# --use-service-account-credentials=false: the autoscaler cannot be told from the garbage collector then.
_classes := {
	"system:apiserver": "controller",
	"system:kube-controller-manager": "controllers",
	"system:kube-scheduler": "controller",
	"system:serviceaccount:kube-system:generic-garbage-collector": "garbage-collector",
	"system:serviceaccount:kube-system:horizontal-pod-autoscaler": "horizontal-pod-autoscaler",
	"system:serviceaccount:kube-system:namespace-controller": "namespace-controller",
	"system:serviceaccount:kube-system:statefulset-controller": "statefulset-controller",
}

_other_controllers := {
	"attachdetach-controller",
	"certificate-controller",
	"clusterrole-aggregation-controller",
	"cronjob-controller",
	"daemon-set-controller",
	"deployment-controller",
	"device-taint-eviction-controller",
	"disruption-controller",
	"endpoint-controller",
	"endpointslice-controller",
	"endpointslicemirroring-controller",
	"ephemeral-volume-controller",
	"expand-controller",
	"job-controller",
	"kube-apiserver-serving-clustertrustbundle-publisher",
	"legacy-service-account-token-cleaner",
	"node-controller",
	"persistent-volume-binder",
	"pod-garbage-collector",
	"podcertificaterequestcleaner",
	"podgroup-protection-controller",
	"pv-protection-controller",
	"pvc-protection-controller",
	"replicaset-controller",
	"replication-controller",
	"resource-claim-controller",
	"resourcepoolstatusrequest-controller",
	"resourcequota-controller",
	"root-ca-cert-publisher",
	"route-controller",
	"selinux-warning-controller",
	"service-account-controller",
	"service-cidrs-controller",
	"service-controller",
	"storage-version-garbage-collector",
	"storage-version-migrator-controller",
	"ttl-after-finished-controller",
	"ttl-controller",
	"validatingadmissionpolicy-status-controller",
	"volumeattributesclass-protection-controller",
}

# Controllers that carry out deletions of what rules guard, with what hangs on it.
_deleters := {
	"system:kube-controller-manager",
	"system:serviceaccount:kube-system:generic-garbage-collector",
	"system:serviceaccount:kube-system:namespace-controller",
	"system:serviceaccount:kube-system:pod-garbage-collector",
	"system:serviceaccount:kube-system:statefulset-controller",
}

# METADATA
# title: Class
# description: |
#   What kind of actor this is: "statefulset-controller", "garbage-collector", "namespace-controller",
#   "horizontal-pod-autoscaler", "controllers" (all of them under one name), "controller" (another of Kubernetes'
#   own programs), "node", "automation" (any other service account), "person", or "unknown".
# scope: document
class(user) := class if {
	class := _classes[user.username]
} else := "controller" if {
	_other(user)
} else := "node" if {
	startswith(user.username, "system:node:")
	"system:nodes" in user.groups
} else := "automation" if {
	is_service_account(user.username)
} else := "person" if {
	is_string(user.username)
	user.username != ""
} else := "unknown"

# METADATA
# title: Is a service account
# description: True for the name of a service account, one of Kubernetes' own controllers among them.
is_service_account(username) if startswith(username, "system:serviceaccount:")

# METADATA
# title: Is a controller
# description: True for Kubernetes' own controllers, the autoscaler among them; a node is none.
# scope: document
is_controller(user) if _classes[user.username]

is_controller(user) if _other(user)

_other(user) if {
	startswith(user.username, "system:serviceaccount:kube-system:")
	trim_prefix(user.username, "system:serviceaccount:kube-system:") in _other_controllers
}

# METADATA
# title: Finishes deletions
# description: |
#   True for Kubernetes' own controllers that carry out a deletion which a person has already been allowed to
#   start.
finishes_deletions(user) if user.username in _deleters

# METADATA
# title: Ends protections
# description: |
#   True for the controllers that remove the finalizers by which volumes and claims in use are protected. Source:
#   pkg/controller/volume/pvcprotection and pvprotection.
ends_protections(user) if user.username in {
	"system:kube-controller-manager",
	"system:serviceaccount:kube-system:pv-protection-controller",
	"system:serviceaccount:kube-system:pvc-protection-controller",
}

# METADATA
# title: Is known
# description: False where the user is not in the request, as in CI.
is_known(user) if not object.get(user, "username", "") in {"", null}

# METADATA
# title: Is one of
# description: True for a user whom one of these subjects names, as in an RBAC binding; `*` matches any characters.
is_one_of(user, subjects) if {
	some subject in subjects
	_is(user, subject)
}

_is(user, subject) if {
	subject.kind == "User"
	glob.match(subject.name, null, user.username)
}

_is(user, subject) if {
	subject.kind == "Group"
	some group in user.groups
	glob.match(subject.name, null, group)
}

_is(user, subject) if {
	subject.kind == "ServiceAccount"
	["system", "serviceaccount", namespace, name] = split(user.username, ":")
	glob.match(subject.namespace, null, namespace)
	glob.match(subject.name, null, name)
}
