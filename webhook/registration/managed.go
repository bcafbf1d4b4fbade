package registration

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/stateward/stateward/policies"
)

// managedPrefix begins the names of the webhooks that Stateward itself adds to the configurations, and of no other.
const managedPrefix = "managed-"

// ManageName is the lease of the replica that writes managed webhooks, and the name of the roles that it needs.
const ManageName = Name + "-manage-registration"

// ManageRoles builds what Stateward needs to keep managed webhooks: to patch its own two configurations, and to hold its lease.
func ManageRoles() (rbacv1.ClusterRole, rbacv1.Role) {
	role := clusterRole(ManageName)
	role.Rules = []rbacv1.PolicyRule{ofConfigurations("get", "patch")}
	return role, leaseRole(ManageName)
}

// IsManaged reports whether Stateward adds and removes the webhook of this name itself.
func IsManaged(name string) bool {
	return strings.HasPrefix(name, managedPrefix) && strings.HasSuffix(name, ".stateward.dev")
}

// WithoutManaged returns a copy that has only the webhooks which were applied.
func WithoutManaged(found *admissionregistrationv1.ValidatingWebhookConfiguration) *admissionregistrationv1.ValidatingWebhookConfiguration {
	applied := found.DeepCopy()
	applied.Webhooks = slices.DeleteFunc(applied.Webhooks, func(webhook admissionregistrationv1.ValidatingWebhook) bool { return IsManaged(webhook.Name) })
	return applied
}

// Applied returns the library with the parents and the opt-in rules that a configuration covers without managed webhooks.
func Applied(library *policies.Library, found *admissionregistrationv1.ValidatingWebhookConfiguration) *policies.Library {
	applied, plain := *library, WithoutManaged(found)
	applied.MoreParents, applied.OptedIn = MoreParents(plain), OptedIn(library, plain)
	return &applied
}

// ManagedValidating returns the webhooks that a configuration needs beside those that were applied, for what library has
// more of than applied. Each is as the webhook that it extends in found, so it is called, trusted and exempt in the same way;
// what extends none is as another one of Stateward, and without any in found it is an error.
func ManagedValidating(
	library, applied *policies.Library, found []admissionregistrationv1.ValidatingWebhook,
) (managed []admissionregistrationv1.ValidatingWebhook, err error) {
	for _, entry := range additions(library, applied, validatingEntries) {
		model, extended := modelOf(found, entry, ValidatePath, func(webhook admissionregistrationv1.ValidatingWebhook) (string, admissionregistrationv1.WebhookClientConfig) {
			return webhook.Name, webhook.ClientConfig
		})
		if model == nil {
			return nil, noModel(ValidatePath)
		}
		webhook := *model.DeepCopy()
		webhook.Name, webhook.Rules, webhook.MatchConditions = managedPrefix+entry.name, entry.rules, entry.conditions
		if !extended {
			webhook.FailurePolicy, webhook.TimeoutSeconds = pointer(entry.policy), pointer(entry.timeout)
		}
		managed = append(managed, webhook)
	}
	return managed, nil
}

// ManagedMutating is ManagedValidating of the mutations.
func ManagedMutating(
	library, applied *policies.Library, found []admissionregistrationv1.MutatingWebhook,
) (managed []admissionregistrationv1.MutatingWebhook, err error) {
	for _, entry := range additions(library, applied, mutatingEntries) {
		model, _ := modelOf(found, entry, MutatePath, func(webhook admissionregistrationv1.MutatingWebhook) (string, admissionregistrationv1.WebhookClientConfig) {
			return webhook.Name, webhook.ClientConfig
		})
		if model == nil {
			return nil, noModel(MutatePath)
		}
		webhook := *model.DeepCopy()
		webhook.Name, webhook.Rules, webhook.MatchConditions = managedPrefix+entry.name, entry.rules, entry.conditions
		managed = append(managed, webhook)
	}
	return managed, nil
}

func noModel(path string) error {
	return fmt.Errorf("it has no webhook of Stateward that is called at %s: apply the manifests again", path)
}

// modelOf returns the webhook that an entry extends, or else the first that was applied and is called at the path.
func modelOf[W any](
	found []W, wanted entry, path string, of func(W) (string, admissionregistrationv1.WebhookClientConfig),
) (model *W, extended bool) {
	for index, each := range found {
		name, client := of(each)
		if name == wanted.name {
			return &found[index], true
		}
		if model == nil && !IsManaged(name) && isCalledAt(client, path) {
			model = &found[index]
		}
	}
	return model, false
}

func isCalledAt(client admissionregistrationv1.WebhookClientConfig, path string) bool {
	if client.Service != nil {
		return client.Service.Path != nil && *client.Service.Path == path
	}
	return client.URL != nil && strings.HasSuffix(*client.URL, path)
}

// additions are the entries of library with only what those of applied lack.
func additions(library, applied *policies.Library, entriesOf func(*policies.Library) []entry) (more []entry) {
	before := map[string]entry{}
	for _, each := range entriesOf(applied) {
		before[each.name] = each
	}
	known := groupsOf(applied.AllParents())
	groups := slices.DeleteFunc(groupsOf(library.AllParents()), func(group string) bool { return slices.Contains(known, group) })
	for _, each := range entriesOf(library) {
		if base, extends := before[each.name]; extends {
			each = each.beyond(base, groups)
		}
		if len(each.rules) > 0 {
			more = append(more, each)
		}
	}
	return more
}

// beyond is the entry without the requests of base. Where a condition of base leaves out the CustomResourceDefinitions of
// groups, those of these groups are among what is left.
func (e entry) beyond(base entry, groups []string) entry {
	rules := lacking(e.rules, base.rules)
	e.conditions = slices.Clone(e.conditions)
	for index, each := range e.conditions {
		if each.Name != definitionsCondition || len(groups) == 0 {
			continue
		}
		e.conditions[index] = parentDefinitions(groups)
		rules = append(rules, slices.DeleteFunc(slices.Clone(e.rules), func(rule admissionregistrationv1.RuleWithOperations) bool {
			return !slices.Equal(rule.Resources, []string{definitionsResource})
		})...)
	}
	e.rules = rules
	return e
}

// lacking are the rules without the resources that a rule of base has with the same operations.
func lacking(rules, base []admissionregistrationv1.RuleWithOperations) (rest []admissionregistrationv1.RuleWithOperations) {
	for _, rule := range rules {
		rule.Resources = slices.DeleteFunc(slices.Clone(rule.Resources), func(resource string) bool {
			return slices.ContainsFunc(base, func(known admissionregistrationv1.RuleWithOperations) bool {
				return slices.Equal(known.Operations, rule.Operations) && slices.Equal(known.APIGroups, rule.APIGroups) && slices.Contains(known.Resources, resource)
			})
		})
		if len(rule.Resources) > 0 {
			rest = append(rest, rule)
		}
	}
	return rest
}
