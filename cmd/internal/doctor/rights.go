package doctor

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/stateward/stateward/webhook/registration"
)

// account is who `stateward serve` is to the API server.
const account = "system:serviceaccount:" + registration.Namespace + ":" + registration.Name

const accountObject = "ServiceAccount/" + registration.Namespace + "/" + registration.Name

// checkRights asks the API server about each right that follows from the rules, and about one that no account should have.
func (e *examination) checkRights(ctx context.Context) {
	library := *e.Library
	_, library.OptedIn = e.chosen(ctx)
	for _, role := range registration.Roles(&library) {
		if role.Name == registration.BundleRole && e.registered.byCertManager {
			// Without caBundle to write, the right to write it is not needed.
			continue
		}
		for _, rule := range role.Rules {
			if err := e.checkRule(ctx, role.Name, rule); err != nil {
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

func (e *examination) checkRule(ctx context.Context, role string, rule rbacv1.PolicyRule) error {
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
						Group: group, Resource: resource, Subresource: subresource, Verb: verb, Name: name,
					})
					if err != nil {
						return err
					}
					if !may {
						e.problem(accountObject, "apply manifests/base/rbac.yaml again, or what `stateward rules registration` prints",
							"it may not %s %s: %s", verb, qualified(each, group), without(role, each, verb))
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

// without says what the lack of a right of a role leads to.
func without(role, resource, verb string) string {
	switch {
	case role == registration.BundleRole:
		return "a new self-managed CA would not be trusted"
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
