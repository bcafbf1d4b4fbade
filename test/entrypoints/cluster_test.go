package entrypoints_test

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/test/builders"
)

// definition is that of an owner's kind, under another name.
func definition(kind, plural string) string {
	text := strings.NewReplacer("RabbitmqCluster", kind, "rabbitmqcluster", strings.TrimSuffix(plural, "s")).Replace(builders.RabbitMQ)
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		panic("the definition of the test: " + err.Error())
	}
	return string(encoded)
}

// makeDefinition brings the kind of an owner, and waits until the API server serves it.
func makeDefinition(ctx context.Context, s *stage) error {
	if err := s.make(ctx, definition("RabbitmqCluster", "rabbitmqclusters")); err != nil {
		return err
	}
	object, err := toUnstructured(rabbit("any"))
	if err != nil {
		return err
	}
	return s.served(ctx, object)
}

// guarding are Guardrails that need two people to be weakened, and that select by labels.
const guarding = `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","metadata":{"name":"stateward"},` +
	`"spec":{"profile":"baseline","fourEyes":true,"match":{"namespaceSelector":{"matchLabels":{"guarded":"yes"}},"labelSelector":{"matchLabels":{"guarded":"yes"}}}}}`

// scenes are those that can be played at the same time.
func scenes() []scene {
	all := deletions()
	for _, more := range [][]scene{changes(), forgeries(), ofSnapshots(), creations()} {
		all = append(all, more...)
	}
	return all
}

// scenesOfGuardrails are of what a cluster has only one of.
func scenesOfGuardrails() []scene {
	return []scene{
		{"definition", owned, []kind{
			{title: "confirmation in another name: definition", resource: definitions, operation: change, target: named("rabbitmqclusters.rabbitmq.com"), edit: forged()},
			{title: "definition of a custom resource that owns a StatefulSet", resource: definitions, operation: deletion, target: named("rabbitmqclusters.rabbitmq.com")},
		}},
		{"guardrails-of-nothing", nothing, []kind{
			create("created with a confirmation in another name: Guardrails", guardrails, func(*stage) any {
				return annotated(strings.Replace(guarding, `"fourEyes":true`, `"fourEyes":false`, 1))
			}),
		}},
		{"guardrails", guardedByLabels, []kind{
			{title: "confirmation in another name: Guardrails", resource: guardrails, operation: change, target: named("stateward"), edit: forged()},
			{title: "label of a StatefulSet that Guardrails select by", resource: sets, operation: change, target: named("web"), edit: merge(unguarded)},
			{title: "label of a claim that Guardrails select by", resource: claims, operation: change, target: named("www-web-0"), edit: merge(unguarded)},
			{title: "label of a namespace that Guardrails select by", resource: namespaces, operation: change, target: theNamespace, edit: merge(unguarded)},
			{title: "Guardrails with fourEyes weakened", resource: guardrails, operation: change, target: named("stateward"), edit: merge(`{"spec":{"rules":[{"id":"cascade-delete","action":"audit"}]}}`)},
			{title: "Guardrails with fourEyes", resource: guardrails, operation: deletion, target: named("stateward")},
		}},
	}
}

// nothing builds a scene in which only requests are made.
func nothing(context.Context, *stage) error { return nil }

const unguarded = `{"metadata":{"labels":{"guarded":null}}}`

// guardedByLabels builds a scene of Guardrails that select a set, its claim and its namespace.
func guardedByLabels(ctx context.Context, s *stage) error {
	set := database()
	set.Labels = map[string]string{"guarded": "yes"}
	if err := s.running(ctx, set); err != nil {
		return err
	}
	labelled := claim("www-web-0")
	labelled.Labels = map[string]string{"guarded": "yes"}
	namespace := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + s.namespace + `","labels":{"guarded":"yes"}}}`
	if err := s.make(ctx, labelled, namespace); err != nil {
		return err
	}
	return s.guardrails(ctx, guarding)
}

// guardrails replaces the Guardrails, and waits until they are in force.
func (s *stage) guardrails(ctx context.Context, text string) error {
	former, err := toUnstructured(text)
	if err != nil {
		return err
	}
	if err := client.IgnoreNotFound(s.api.Delete(ctx, former.DeepCopy())); err != nil {
		return err
	}
	if err := s.make(ctx, text); err != nil {
		return err
	}
	return eventually(ctx, "the Guardrails are in force", func(ctx context.Context) (bool, error) {
		if err := s.api.Get(ctx, client.ObjectKeyFromObject(former), former); err != nil {
			return false, err
		}
		conditions, _, err := unstructured.NestedSlice(former.Object, "status", "conditions")
		return len(conditions) > 0, err
	})
}
