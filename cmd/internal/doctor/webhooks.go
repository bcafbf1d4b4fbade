package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// reapply is the remediation of most problems of a registration.
const reapply = "apply the manifests again, or what `stateward rules registration` prints"

// registered is Stateward's registration at the API server.
type registered struct {
	// webhooks are those of both configurations.
	webhooks []registeredWebhook
	// byCertManager says that cert-manager writes the caBundle.
	byCertManager bool
}

// registeredWebhook is one webhook, with its configuration as KIND/NAME.
type registeredWebhook struct {
	configuration string
	admissionregistrationv1.ValidatingWebhook
	// Reinvocation is only of mutating webhooks.
	Reinvocation *admissionregistrationv1.ReinvocationPolicyType
}

func (w registeredWebhook) String() string { return w.configuration + " " + w.Name }

// checkWebhooks compares both configurations with those that follow from the rules.
func (e *examination) checkWebhooks(ctx context.Context) {
	target, library := registration.Target{}, e.Library
	var found admissionregistrationv1.ValidatingWebhookConfiguration
	// Where it cannot be read, the comparison says so.
	if err := e.client.Get(ctx, client.ObjectKey{Name: registration.Name}, &found); err == nil {
		library = registration.Applied(e.Library, &found)
	}
	e.checkOptIn(registration.OptedIn(e.Library, &found))
	e.checkParents(registration.MoreParents(&found))
	validating, mutating := registration.Validating(library, target), registration.Mutating(library, target)
	e.compareConfiguration(ctx, &admissionregistrationv1.ValidatingWebhookConfiguration{}, library, validatingWebhooks(validating),
		"no rule is evaluated: every request is allowed")
	e.compareConfiguration(ctx, &admissionregistrationv1.MutatingWebhookConfiguration{}, library, mutatingWebhooks(mutating),
		"nothing is corrected, and confirmations are not recorded, so they have no effect")
}

// checkOptIn looks for rules that are on and whose requests the API server does not send. Where Stateward adds their webhooks
// itself, those are looked for.
func (e *examination) checkOptIn(registered []string) {
	off := e.guardrails.Off(e.Library)
	for _, rule := range e.Library.Rules {
		if rule.OptIn && !off[rule.ID] && !slices.Contains(registered, rule.ID) && !e.guardrails.Manages() {
			e.problem(guardrailsObject, fmt.Sprintf("add manifests/components/%s to the overlay, or `stateward rules registration --rule %s | kubectl apply -f -`",
				rule.ID, rule.ID), "rule %s is on, and the API server does not send the requests that it checks", rule.ID)
		}
	}
}

// checkParents is checkOptIn of the custom resources of spec.parents.
func (e *examination) checkParents(registered []policies.Parent) {
	for _, parent := range e.guardrails.MoreParents() {
		if !slices.Contains(registered, parent) && !e.guardrails.Manages() {
			e.problem(guardrailsObject, "`stateward rules registration --config guardrails.yaml | kubectl apply -f -`, with these Guardrails as the file",
				"spec.parents has %s.%s, and the API server does not send its deletions", parent.Resource, parent.Group)
		}
	}
}

// chosen are the custom resources that are in the registration beside those of well-known operators, and the opt-in rules: those
// that a team has applied (--parent, --rule), and those that Stateward has added. Where it cannot be read, there are none.
func (e *examination) chosen(ctx context.Context) (parents []policies.Parent, rules []string) {
	var found admissionregistrationv1.ValidatingWebhookConfiguration
	if err := e.client.Get(ctx, client.ObjectKey{Name: registration.Name}, &found); err != nil {
		return nil, nil
	}
	return registration.MoreParents(&found), registration.OptedIn(e.Library, &found)
}

// compareConfiguration reads one configuration into found and compares it; without says what its absence means.
func (e *examination) compareConfiguration(
	ctx context.Context, found client.Object, applied *policies.Library, wanted []registeredWebhook, without string,
) {
	object := wanted[0].configuration
	err := e.client.Get(ctx, client.ObjectKey{Name: registration.Name}, found)
	if apierrors.IsNotFound(err) {
		e.problem(object, reapply, "it does not exist: %s", without)
		return
	}
	if err != nil {
		e.unchecked(object, "", err, "it cannot be read")
		return
	}
	if found.GetAnnotations()[cmapi.WantInjectAnnotation] != "" {
		e.registered.byCertManager = true
	}
	there, managed, err := e.split(found, applied)
	if err != nil {
		e.problem(object, reapply, "what Stateward manages in it cannot be determined: %v", err)
	}
	e.registered.webhooks = append(e.registered.webhooks, there...)
	isManaged := func(webhook registeredWebhook) bool { return registration.IsManaged(webhook.Name) }
	e.compareWebhooks(wanted, slices.DeleteFunc(slices.Clone(there), isManaged))
	e.compareManaged(managed, slices.DeleteFunc(there, func(webhook registeredWebhook) bool { return !isManaged(webhook) }), wanted[0].ClientConfig)
}

func (e *examination) compareWebhooks(wanted, there []registeredWebhook) {
	byName := map[string]registeredWebhook{}
	for _, webhook := range there {
		byName[webhook.Name] = webhook
	}
	for _, webhook := range wanted {
		got, found := byName[webhook.Name]
		delete(byName, webhook.Name)
		if !found {
			e.problem(webhook.configuration, reapply, "its webhook %s is missing, so %s is not checked", webhook.Name, summary(webhook.Rules))
			continue
		}
		e.compareWebhook(webhook, got)
	}
	for _, webhook := range there {
		if _, extra := byName[webhook.Name]; extra {
			e.note(webhook.configuration, "its webhook %s does not belong to Stateward", webhook.Name)
		}
	}
}

func summary(rules []admissionregistrationv1.RuleWithOperations) string {
	var parts []string
	for _, rule := range rules {
		var operations []string
		for _, operation := range rule.Operations {
			operations = append(operations, string(operation))
		}
		parts = append(parts, fmt.Sprintf("%s %s", strings.Join(rule.Resources, ", "), strings.Join(operations, ", ")))
	}
	return strings.Join(parts, "; ")
}

func validatingWebhooks(configuration *admissionregistrationv1.ValidatingWebhookConfiguration) (webhooks []registeredWebhook) {
	for _, webhook := range configuration.Webhooks {
		webhooks = append(webhooks, registeredWebhook{"ValidatingWebhookConfiguration/" + registration.Name, webhook, nil})
	}
	return webhooks
}

// mutatingWebhooks are compared as validating ones: a mutating webhook has all the fields of one, and one more.
func mutatingWebhooks(configuration *admissionregistrationv1.MutatingWebhookConfiguration) (webhooks []registeredWebhook) {
	for _, webhook := range configuration.Webhooks {
		each := registeredWebhook{"MutatingWebhookConfiguration/" + registration.Name, admissionregistrationv1.ValidatingWebhook{}, webhook.ReinvocationPolicy}
		each.ValidatingWebhook = withoutReinvocation(webhook)
		webhooks = append(webhooks, each)
	}
	return webhooks
}

func withoutReinvocation(webhook admissionregistrationv1.MutatingWebhook) (validating admissionregistrationv1.ValidatingWebhook) {
	// Both types are plain data of the same shape, which always encodes and decodes.
	if encoded, err := json.Marshal(webhook); err == nil {
		_ = json.Unmarshal(encoded, &validating)
	}
	return validating
}
