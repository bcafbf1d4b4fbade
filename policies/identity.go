package policies

// DeletionControllers are the users under which Kubernetes' own controllers carry out deletions that a user has
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

// ProtectionFinalizers keep a volume while its claim is bound and a claim while a pod uses it. Source:
// pkg/volume/util/finalizer.go.
func ProtectionFinalizers() []string {
	return []string{"kubernetes.io/pv-protection", "kubernetes.io/pvc-protection"}
}

// VolumeBinders are the users that bind volumes to claims, and end that. To rules they are controllers like others.
func VolumeBinders() []string {
	return []string{
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:persistent-volume-binder",
	}
}

// ProtectionControllers are the users that may remove them. policies/lib/identity.rego says the same to rules.
func ProtectionControllers() []string {
	return []string{
		"system:kube-controller-manager",
		"system:serviceaccount:kube-system:pv-protection-controller",
		"system:serviceaccount:kube-system:pvc-protection-controller",
	}
}
