package environment

import (
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// OptIn registers a rule that the manifests leave out, with the rights that it needs: from then on the API server asks about its requests.
func (e *Environment) OptIn(ctx context.Context, library *policies.Library, rule string) error {
	roles := registration.OptInRole(library, rule)
	for index, binding := range registration.RoleBindings(roles) {
		if _, err := e.Client.RbacV1().ClusterRoles().Create(ctx, &roles[index], metav1.CreateOptions{}); err != nil {
			return err
		}
		if _, err := e.Client.RbacV1().ClusterRoleBindings().Create(ctx, &binding, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	api := e.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	there, err := api.Get(ctx, registration.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	var operations []map[string]any
	for _, webhook := range registration.OptIn(library, rule) {
		webhook.ClientConfig = there.Webhooks[0].ClientConfig
		operations = append(operations, map[string]any{"op": "add", "path": "/webhooks/-", "value": webhook})
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	_, err = api.Patch(ctx, registration.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
	return err
}
