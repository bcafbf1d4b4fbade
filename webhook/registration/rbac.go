package registration

import (
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
)

// reads lists the resources that the rules read, sorted, and the namespaces by whose labels Guardrails may select.
func reads(library *policies.Library) []string {
	reads := map[string]bool{"namespaces": true}
	for _, rule := range append(library.Registered(), library.Mutations...) {
		if rule.OnlyInspects() {
			continue
		}
		for _, resource := range rule.LooksUp() {
			reads[resource] = true
		}
	}
	return slices.Sorted(maps.Keys(reads))
}

// eventsResource is what Stateward writes and never reads.
const eventsResource = "events"

// BundleRole is the ClusterRole that only self-managed certificates need.
const BundleRole = Name + "-ca-bundle"

// Roles builds the ClusterRoles. They read what the rules and the Guardrails need, write the status of the Guardrails and what
// follows from decisions, keep the caBundle of Stateward's own configurations for self-managed certificates, and look up owners.
func Roles(library *policies.Library) []rbacv1.ClusterRole {
	byGroup := map[string]rbacv1.PolicyRule{}
	for _, name := range reads(library) {
		resource, known := policies.LookupResource(name)
		if !known {
			continue
		}
		rule := byGroup[resource.Group]
		rule.APIGroups, rule.Resources, rule.Verbs = []string{resource.Group}, append(rule.Resources, name), []string{"get", "list"}
		if !resource.Optional {
			rule.Verbs = append(rule.Verbs, "watch")
		}
		byGroup[resource.Group] = rule
	}
	read := clusterRole(Name)
	for _, group := range slices.Sorted(maps.Keys(byGroup)) {
		read.Rules = append(read.Rules, byGroup[group])
	}
	read.Rules = append(read.Rules,
		rbacv1.PolicyRule{APIGroups: []string{policies.Group}, Resources: []string{guardrailsResource}, Verbs: []string{"get", "list", "watch"}},
		rbacv1.PolicyRule{APIGroups: []string{policies.Group}, Resources: []string{guardrailsResource + "/status"}, Verbs: []string{"patch"}},
		// Those that ended.
		rbacv1.PolicyRule{APIGroups: []string{policies.Group}, Resources: []string{policies.Confirmations}, Verbs: []string{"list", "delete"}},
		// What is written after decisions: the uses of Confirmations, and Events in the namespaces of their objects.
		rbacv1.PolicyRule{APIGroups: []string{policies.Group}, Resources: []string{policies.Confirmations + "/status"}, Verbs: []string{"patch"}},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{eventsResource}, Verbs: []string{"create", "patch"}},
	)
	bundle := clusterRole(BundleRole)
	bundle.Rules = []rbacv1.PolicyRule{ofConfigurations("get", "update")}
	return append([]rbacv1.ClusterRole{read, bundle, OwnersRole(Name+"-owners", append(library.AllParents(),
		// Some operators keep their settings in a ConfigMap and let that own what they make.
		policies.Parent{Resource: "configmaps"},
		// Only requests that show their UID learn what their deletion loses.
		policies.Parent{Group: definitionsGroup, Resource: definitionsResource},
	))}, optInRoles(library)...)
}

// ofConfigurations allows something with Stateward's own two webhook configurations.
func ofConfigurations(verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{
		APIGroups:     []string{"admissionregistration.k8s.io"},
		Resources:     []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
		ResourceNames: []string{Name},
		Verbs:         verbs,
	}
}

// OptInRole is the ClusterRole that a rule with OptIn adds, none where it needs no more than is read anyway.
func OptInRole(library *policies.Library, id string) []rbacv1.ClusterRole {
	with := *library
	with.OptedIn = []string{id}
	return optInRoles(&with)
}

// optInRoles are for the objects that rules with OptIn check and none reads: their UID shows that who asks may read them.
func optInRoles(library *policies.Library) (roles []rbacv1.ClusterRole) {
	known := reads(library)
	for _, rule := range library.Registered() {
		var evaluated []policies.Parent
		for name := range rule.On {
			// Who may get the metadata of a Secret may read it, and nothing is worth that.
			if resource, ok := policies.LookupResource(name); ok && rule.OptIn && !slices.Contains(known, resource.Name) && resource.Name != "secrets" {
				evaluated = append(evaluated, policies.Parent{Group: resource.Group, Resource: resource.Name})
			}
		}
		if len(evaluated) > 0 {
			roles = append(roles, OwnersRole(Name+"-"+rule.ID, evaluated))
		}
	}
	return roles
}

// OwnersRole builds the ClusterRole for look-ups of owners of these kinds. Only their metadata is read.
func OwnersRole(name string, owners []policies.Parent) rbacv1.ClusterRole {
	role := clusterRole(name)
	byGroup := map[string][]string{}
	for _, owner := range owners {
		byGroup[owner.Group] = append(byGroup[owner.Group], owner.Resource)
	}
	for _, group := range slices.Sorted(maps.Keys(byGroup)) {
		slices.Sort(byGroup[group])
		role.Rules = append(role.Rules, rbacv1.PolicyRule{
			APIGroups: []string{group}, Resources: slices.Compact(byGroup[group]), Verbs: []string{"get"},
		})
	}
	return role
}

// UserRole builds the ClusterRole for users who may create Confirmations: admins of a namespace, not editors, whose
// deletions they may allow. No binding is installed with it.
func UserRole() rbacv1.ClusterRole {
	role := clusterRole(Name + "-confirm")
	role.Labels = map[string]string{"rbac.authorization.k8s.io/aggregate-to-admin": "true"}
	role.Rules = []rbacv1.PolicyRule{{
		APIGroups: []string{policies.Group}, Resources: []string{policies.Confirmations},
		Verbs: []string{"get", "list", "watch", "create", "delete"},
	}}
	return role
}

// RoleBindings gives the roles to Stateward's ServiceAccount.
func RoleBindings(roles []rbacv1.ClusterRole) (bindings []rbacv1.ClusterRoleBinding) {
	for _, role := range roles {
		bindings = append(bindings, rbacv1.ClusterRoleBinding{
			TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRoleBinding"},
			ObjectMeta: metav1.ObjectMeta{Name: role.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: Namespace, Name: Name}},
		})
	}
	return bindings
}

func clusterRole(name string) rbacv1.ClusterRole {
	return rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
	}
}
