# METADATA
# title: Identity
# description: Who is acting, as far as a rule may care.
package stateward.lib.identity

# Controllers act under their own service accounts, or all under one name where kube-controller-manager runs
# with --use-service-account-credentials=false.
_deleters := {
	"system:kube-controller-manager",
	"system:serviceaccount:kube-system:generic-garbage-collector",
	"system:serviceaccount:kube-system:namespace-controller",
	"system:serviceaccount:kube-system:statefulset-controller",
}

# METADATA
# title: Finishes deletions
# description: |
#   True for Kubernetes' own controllers that carry out a deletion which a person has already been allowed to
#   start. Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go.
finishes_deletions(user) if user.username in _deleters
