package policies

// DeletionControllers are the users under which Kubernetes' own controllers carry out deletions that somebody has
// already been allowed to start. policies/lib/identity.rego says the same to rules; a test holds the two together.
func DeletionControllers() []string {
	return []string{
		// All controllers, where kube-controller-manager runs with --use-service-account-credentials=false.
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:generic-garbage-collector",
		"system:serviceaccount:kube-system:namespace-controller",
		"system:serviceaccount:kube-system:pod-garbage-collector",
		"system:serviceaccount:kube-system:statefulset-controller",
	}
}
