package cluster

import (
	"context"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// createBasics waits for the namespaces that the API server makes by itself,
// and creates what any cluster offers to its users.
func (c *Cluster) createBasics(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, readyDeadline)
	defer cancel()
	for _, namespace := range []string{"default", "kube-system", "kube-node-lease"} {
		if err := poll(waiting, c.namespaceExists(namespace)); err != nil {
			return fmt.Errorf("wait for namespace %s: %w", namespace, err)
		}
	}
	if err := c.createStorageClass(ctx); err != nil {
		return fmt.Errorf("create the default storage class: %w", err)
	}
	if err := c.grant(ctx, "stateward-test-kubelet", kubeletRules(), c.kubelets()); err != nil {
		return fmt.Errorf("grant the nodes their rights: %w", err)
	}
	if c.options.SharedCredentials {
		if err := c.grant(ctx, "stateward-test-controllers", everything(), []Identity{controllersIdentity()}); err != nil {
			return fmt.Errorf("grant the controllers their rights: %w", err)
		}
	}
	if err := c.grant(ctx, "stateward-test-dns", dnsRules(), []Identity{dnsIdentity()}); err != nil {
		return fmt.Errorf("grant the DNS server its rights: %w", err)
	}
	return nil
}

func (c *Cluster) createStorageClass(ctx context.Context) error {
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "standard",
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner: "kubernetes.io/host-path",
	}
	_, err := c.client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{})
	return err
}

// everything is the sum of what the roles of all controllers allow, or more.
func everything() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}
}

// grant binds a new role to the users themselves and not to their groups: what
// the harness needs must not leak to identities that tests make up.
func (c *Cluster) grant(ctx context.Context, name string, rules []rbacv1.PolicyRule, identities []Identity) error {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
	if _, err := c.client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
	}
	for _, identity := range identities {
		binding.Subjects = append(binding.Subjects,
			rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: identity.User})
	}
	_, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	return err
}

// namespaceExists returns a probe that wants a namespace.
func (c *Cluster) namespaceExists(name string) probe {
	return func(ctx context.Context) error {
		_, err := c.client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		return err
	}
}
