package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/webhook/registration"
)

// account is who `stateward serve` is to the API server.
const account = "system:serviceaccount:" + registration.Namespace + ":" + registration.Name

const accountObject = "ServiceAccount/" + registration.Namespace + "/" + registration.Name

// checkRights asks the API server about each right that follows from the rules, and about one that no account should have.
func (e *examination) checkRights(ctx context.Context) {
	needed, err := e.needed(ctx)
	if err != nil {
		e.unchecked(accountObject, "", err, "whether it audits cannot be read")
		return
	}
	for _, role := range needed {
		for _, rule := range role.rules {
			if err := e.checkRule(ctx, role, rule); err != nil {
				e.unchecked(accountObject, "", err, "its permissions cannot be checked")
				return
			}
		}
	}
	secrets := authorizationv1.ResourceAttributes{Verb: "list", Resource: "secrets"}
	switch may, err := e.may(ctx, secrets); {
	case err != nil:
		e.unchecked(accountObject, "", err, "its permissions cannot be checked")
	case may:
		e.note(accountObject, "it may list all Secrets of the cluster, which Stateward never does")
	}
}

// neededRole is a role of the ServiceAccount, in a namespace or, where that is empty, in the whole cluster.
type neededRole struct {
	name, namespace string
	rules           []rbacv1.PolicyRule
}

// needed are the roles for the rules that are registered, those for managed webhooks where the Guardrails turn them on, and those
// for the audit where the Deployment does.
func (e *examination) needed(ctx context.Context) (roles []neededRole, err error) {
	library := *e.Library
	_, library.OptedIn = e.chosen(ctx)
	for _, role := range registration.Roles(&library) {
		// Without caBundle to write, the right to write it is not needed.
		if role.Name != registration.BundleRole || !e.registered.byCertManager {
			roles = append(roles, neededRole{name: role.Name, rules: role.Rules})
		}
	}
	if e.guardrails.Manages() {
		role, lease := registration.ManageRoles()
		roles = append(roles, neededRole{role.Name, "", role.Rules}, neededRole{lease.Name, lease.Namespace, lease.Rules})
	}
	var deployment appsv1.Deployment
	err = e.client.Get(ctx, client.ObjectKey{Namespace: registration.Namespace, Name: registration.Name}, &deployment)
	if client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	for _, container := range deployment.Spec.Template.Spec.Containers {
		if slices.Contains(container.Args, "--audit") || slices.Contains(container.Args, "--audit=true") {
			role, lease := registration.AuditRoles(&library)
			return append(roles, neededRole{role.Name, "", role.Rules}, neededRole{lease.Name, lease.Namespace, lease.Rules}), nil
		}
	}
	return roles, nil
}

func (e *examination) checkRule(ctx context.Context, role neededRole, rule rbacv1.PolicyRule) error {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	for _, group := range rule.APIGroups {
		for _, each := range rule.Resources {
			resource, subresource, _ := strings.Cut(each, "/")
			for _, verb := range rule.Verbs {
				for _, name := range names {
					may, err := e.may(ctx, authorizationv1.ResourceAttributes{
						Namespace: role.namespace, Group: group, Resource: resource, Subresource: subresource, Verb: verb, Name: name,
					})
					if err != nil {
						return err
					}
					if !may {
						e.problem(accountObject, remedy(role.name), "it may not %s %s: %s", verb, qualified(each, group), without(role.name, each, verb))
					}
				}
			}
		}
	}
	return nil
}

func qualified(resource, group string) string {
	if group == "" {
		return resource
	}
	return fmt.Sprintf("%s of %s", resource, group)
}

func remedy(role string) string {
	if role == registration.AuditLease {
		return "apply manifests/components/audit again"
	}
	if role == registration.ManageName {
		return "apply manifests/components/manage-registration, or set manageRegistration=true in the chart"
	}
	return "apply manifests/base/rbac.yaml again, or what `stateward rules registration` prints"
}

// without says what the lack of a right of a role leads to.
func without(role, resource, verb string) string {
	switch {
	case role == registration.BundleRole:
		return "a new self-managed CA would not be trusted"
	case role == registration.AuditLease:
		return "the audit in the background is not complete"
	case role == registration.ManageName:
		return "spec.registration.manage has no effect"
	case role != registration.Name:
		return "a denial about one of them cannot say why"
	case resource == "guardrails/status":
		return "the status of the Guardrails is not updated"
	case resource == "confirmations/status":
		return "the uses of Confirmations are not recorded"
	case resource == "events":
		return "no Events are written"
	case verb == "delete":
		return "Confirmations that ended are not deleted"
	default:
		return "a new pod would not become ready, and a running one may decide on stale data"
	}
}

func (e *examination) may(ctx context.Context, attributes authorizationv1.ResourceAttributes) (bool, error) {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		ResourceAttributes: &attributes, User: account,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + registration.Namespace, "system:authenticated"},
	}}
	if err := e.client.Create(ctx, review); err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
