package registration

import (
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

// AuditLease is the lease of the replica that audits, and the name of the roles that it needs.
const AuditLease = Name + "-audit"

// AuditRoles builds what the audit in the cluster may do: read what rules check and look up in an audit, write reports of
// either API, and hold its lease.
func AuditRoles(library *policies.Library) (rbacv1.ClusterRole, rbacv1.Role) {
	role := clusterRole(AuditLease)
	read := []string{"get", "list", "watch"}
	byGroup := map[string][]string{policies.Group: {guardrailsResource}}
	for _, name := range audited(library) {
		resource, _ := policies.LookupResource(name)
		byGroup[resource.Group] = append(byGroup[resource.Group], name)
	}
	for _, group := range slices.Sorted(maps.Keys(byGroup)) {
		slices.Sort(byGroup[group])
		role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: byGroup[group], Verbs: read})
	}
	write := []string{"get", "list", "create", "update", "delete"}
	// Package reports knows these too; it links the engine, which not all need that know the registration.
	role.Rules = append(role.Rules,
		rbacv1.PolicyRule{APIGroups: []string{"openreports.io"}, Resources: []string{"clusterreports", "reports"}, Verbs: write},
		rbacv1.PolicyRule{APIGroups: []string{"wgpolicyk8s.io"}, Resources: []string{"clusterpolicyreports", "policyreports"}, Verbs: write},
	)
	return role, leaseRole(AuditLease)
}

// leaseRole is what an election needs of a lease.
func leaseRole(lease string) rbacv1.Role {
	const leases = "coordination.k8s.io"
	return rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: lease},
		Rules: []rbacv1.PolicyRule{
			// The name of what is created is not known to RBAC.
			{APIGroups: []string{leases}, Resources: []string{"leases"}, Verbs: []string{"create"}},
			{APIGroups: []string{leases}, Resources: []string{"leases"}, ResourceNames: []string{lease}, Verbs: []string{"get", "update"}},
		},
	}
}

// audited are the resources that rules check or look up in an audit.
func audited(library *policies.Library) []string {
	wanted := map[string]bool{}
	for _, rule := range library.Rules {
		for name := range rule.On {
			if rule.Untyped || rule.When[name] != "" || !rule.AppliesTo(name, policies.Inspect) {
				continue
			}
			for _, each := range append([]string{name}, rule.LooksUp()...) {
				// What a cluster may lack is listed with the right to look it up for deletions.
				if resource, known := policies.LookupResource(each); known && !resource.Optional && resource.Subresource == "" {
					wanted[each] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(wanted))
}

// LeaderBindings give the roles of something that one replica does to Stateward's ServiceAccount.
func LeaderBindings(role rbacv1.ClusterRole, lease rbacv1.Role) (rbacv1.ClusterRoleBinding, rbacv1.RoleBinding) {
	binding := RoleBindings([]rbacv1.ClusterRole{role})[0]
	return binding, rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"},
		ObjectMeta: lease.ObjectMeta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: lease.Kind, Name: lease.Name},
		Subjects:   binding.Subjects,
	}
}
