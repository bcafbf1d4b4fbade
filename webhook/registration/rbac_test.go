package registration_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

func TestRBACGrantsOnlyWhatIsRead(t *testing.T) {
	t.Parallel()
	read := func(group string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"get", "list", "watch"}}
	}
	ownConfiguration := []rbacv1.PolicyRule{
		read("stateward.dev", "guardrails"),
		{APIGroups: []string{"stateward.dev"}, Resources: []string{"guardrails/status"}, Verbs: []string{"patch"}},
		{APIGroups: []string{"stateward.dev"}, Resources: []string{"confirmations"}, Verbs: []string{"list", "delete"}},
		{APIGroups: []string{"stateward.dev"}, Resources: []string{"confirmations/status"}, Verbs: []string{"patch"}},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
	}
	tests := map[string]struct {
		library *policies.Library
		want    []rbacv1.PolicyRule
	}{
		"rules that read nothing": {library: &policies.Library{Rules: []policies.Rule{{}}}, want: []rbacv1.PolicyRule{read("", "namespaces")}},
		"what is judged only": {
			library: &policies.Library{Rules: []policies.Rule{{On: map[string][]string{"pods": {"DELETE"}}}}},
			want:    []rbacv1.PolicyRule{read("", "namespaces")},
		},
		"rules that read the same": {
			library: &policies.Library{Rules: []policies.Rule{{Reads: []string{"services"}}, {Reads: []string{"services"}}}},
			want:    []rbacv1.PolicyRule{read("", "namespaces", "services")},
		},
		"a rule that can be confirmed": {
			library: &policies.Library{Rules: []policies.Rule{{Confirm: true, Reads: []string{"namespaces"}}}},
			want:    []rbacv1.PolicyRule{read("", "namespaces"), read("stateward.dev", "confirmations")},
		},
		"what a cluster may lack is never watched": {
			library: &policies.Library{Rules: []policies.Rule{{Reads: []string{"volumesnapshots", "volumesnapshotcontents"}}}},
			want: []rbacv1.PolicyRule{read("", "namespaces"), {
				APIGroups: []string{"snapshot.storage.k8s.io"}, Resources: []string{"volumesnapshotcontents", "volumesnapshots"}, Verbs: []string{"get", "list"},
			}},
		},
		"rules and mutations of several groups": {
			library: &policies.Library{
				Rules:     []policies.Rule{{Reads: []string{"storageclasses", "services"}}, {Reads: []string{"statefulsets"}}},
				Mutations: []policies.Rule{{Reads: []string{"deployments", "nodes"}}},
			},
			want: []rbacv1.PolicyRule{
				read("", "namespaces", "nodes", "services"), read("apps", "deployments", "statefulsets"), read("storage.k8s.io", "storageclasses"),
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := []rbacv1.ClusterRole{
				{
					TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
					ObjectMeta: metav1.ObjectMeta{Name: "stateward"},
					Rules:      append(test.want, ownConfiguration...),
				},
				{
					TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
					ObjectMeta: metav1.ObjectMeta{Name: "stateward-ca-bundle"},
					Rules: []rbacv1.PolicyRule{{
						APIGroups:     []string{"admissionregistration.k8s.io"},
						Resources:     []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
						ResourceNames: []string{"stateward"},
						Verbs:         []string{"get", "update"},
					}},
				},
				registration.OwnersRole("stateward-owners", append(policies.Parents(), policies.Parent{Resource: "configmaps"},
					policies.Parent{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"})),
			}
			if diff := cmp.Diff(want, registration.Roles(test.library)); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOwnersRoleGetsEachKindOnce(t *testing.T) {
	t.Parallel()
	role := registration.OwnersRole("more", []policies.Parent{
		{Group: "rabbitmq.com", Resource: "rabbitmqclusters"}, {Resource: "configmaps"},
		{Group: "rabbitmq.com", Resource: "queues"}, {Group: "rabbitmq.com", Resource: "queues"},
	})
	want := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}},
		{APIGroups: []string{"rabbitmq.com"}, Resources: []string{"queues", "rabbitmqclusters"}, Verbs: []string{"get"}},
	}
	if diff := cmp.Diff(want, role.Rules); role.Name != "more" || diff != "" {
		t.Errorf("role %s, rules (-want +got):\n%s", role.Name, diff)
	}
}

func TestRolesAllowAdminsToConfirmButNotEditors(t *testing.T) {
	t.Parallel()
	want := rbacv1.ClusterRole{
		TypeMeta: metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "stateward-confirm", Labels: map[string]string{"rbac.authorization.k8s.io/aggregate-to-admin": "true"},
		},
		Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{"stateward.dev"}, Resources: []string{"confirmations"},
			Verbs: []string{"get", "list", "watch", "create", "delete"},
		}},
	}
	if diff := cmp.Diff(want, registration.UserRole()); diff != "" {
		t.Errorf("role (-want +got):\n%s", diff)
	}
}

func TestRolesAreBoundToStatewardOnly(t *testing.T) {
	t.Parallel()
	binding := func(name string) rbacv1.ClusterRoleBinding {
		return rbacv1.ClusterRoleBinding{
			TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRoleBinding"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "stateward-system", Name: "stateward"}},
		}
	}
	want := []rbacv1.ClusterRoleBinding{binding("stateward"), binding("stateward-ca-bundle"), binding("stateward-owners")}
	if diff := cmp.Diff(want, registration.RoleBindings(registration.Roles(embedded(t)))); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
}

func TestOptInRoleCoversUnreadResources(t *testing.T) {
	t.Parallel()
	library := embedded(t)
	if roles := registration.OptInRole(library, "node-delete"); roles != nil {
		t.Errorf("nodes are read anyway: %v", roles)
	}
	want := []rbacv1.ClusterRole{{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: "stateward-volume-attachment"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"storage.k8s.io"}, Resources: []string{"volumeattachments"}, Verbs: []string{"get"}}},
	}}
	if diff := cmp.Diff(want, registration.OptInRole(library, "volume-attachment")); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	for _, role := range registration.Roles(library) {
		if role.Name == want[0].Name {
			t.Error("a rule that is not opted in adds a role")
		}
	}
}
