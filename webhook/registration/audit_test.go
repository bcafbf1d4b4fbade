package registration_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
	"github.com/stateward/stateward/webhook/reports"
)

func TestAuditRolesGrantWhatAuditsNeed(t *testing.T) {
	t.Parallel()
	library := &policies.Library{Rules: []policies.Rule{
		{On: map[string][]string{"statefulsets": {"CREATE"}}, Reads: []string{"services", "volumesnapshots"}},
		{On: map[string][]string{"persistentvolumes": {"AUDIT"}, "parents": {"AUDIT"}}, Reads: []string{"services"}},
		{On: map[string][]string{"namespaces": {"DELETE"}}, Reads: []string{"nodes"}},
		{On: map[string][]string{"pods": {"CREATE"}}, Untyped: true},
	}}
	read := func(group string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"get", "list", "watch"}}
	}
	write := func(group string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"get", "list", "create", "update", "delete"}}
	}
	leases := func(rule rbacv1.PolicyRule) rbacv1.PolicyRule {
		rule.APIGroups, rule.Resources = []string{"coordination.k8s.io"}, []string{"leases"}
		return rule
	}
	open, older := reports.OpenReports(), reports.PolicyReports()
	role, lease := registration.AuditRoles(library)
	want := rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: "stateward-audit"},
		Rules: []rbacv1.PolicyRule{
			read("", "persistentvolumes", "services"), read("apps", "statefulsets"), read("stateward.dev", "guardrails"),
			write(open.Group, open.ClusterResource, open.Resource), write(older.Group, older.ClusterResource, older.Resource),
		},
	}
	if diff := cmp.Diff(want, role); diff != "" {
		t.Errorf("ClusterRole (-want +got):\n%s", diff)
	}
	wantLease := rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Name: "stateward-audit", Namespace: "stateward-system"},
		Rules: []rbacv1.PolicyRule{
			leases(rbacv1.PolicyRule{Verbs: []string{"create"}}),
			leases(rbacv1.PolicyRule{ResourceNames: []string{"stateward-audit"}, Verbs: []string{"get", "update"}}),
		},
	}
	if diff := cmp.Diff(wantLease, lease); diff != "" {
		t.Errorf("Role (-want +got):\n%s", diff)
	}
}

func TestIsExemptNamesTheNamespacesOfNoWebhook(t *testing.T) {
	t.Parallel()
	for namespace, want := range map[string]bool{"kube-system": true, "stateward-system": true, "kube-public": false, "": false} {
		if got := registration.IsExempt(namespace); got != want {
			t.Errorf("%q: %v", namespace, got)
		}
	}
}
