package v1alpha1_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/test/builders"
)

func TestGuardrailsErrorsNameTheField(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ source, want string }{
		"unknown rule": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"image-tagg"}]}}`,
			"spec.rules[0].id: unknown rule \"image-tagg\": did you mean \"image-tag\"? `stateward rules` lists them",
		},
		"a rule like no other": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"zzz"}]}}`,
			"spec.rules[0].id: unknown rule \"zzz\": `stateward rules` lists them",
		},
		"unknown action": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"image-tag","action":"block"}]}}`,
			`spec.rules[0].action: unknown action "block": use one of [deny warn audit off]`,
		},
		"unknown profile": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"profile":"paranoid"}}`,
			`spec.profile: unknown profile "paranoid": use one of [baseline strict]`,
		},
		"the same rule twice": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"image-tag"},{"id":"image-tag"}]}}`,
			`spec.rules[1].id: rule "image-tag" is already set in rules[0]`,
		},
		"unknown parameter": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"image-tag","params":{"allow":[]}}]}}`,
			"spec.rules[0].params.allow: rule image-tag has no such parameter: see `stateward rules explain image-tag`",
		},
		"a parameter of the wrong type": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"headless-service","params":{"missing":3}}]}}`,
			`spec.rules[0].params.missing: 3 is not a string`,
		},
		"a parameter outside its list": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"headless-service","params":{"missing":"maybe"}}]}}`,
			`spec.rules[0].params.missing: "maybe" is not one of [deny warn auto]`,
		},
		"a duration that is none": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"claim-in-use","params":{"recovery":{"snapshotWithin":"1d"}}}]}}`,
			`spec.rules[0].params.recovery: snapshotWithin: "1d" is not a duration such as 24h or 90m`,
		},
		"a duration of nothing": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"claim-in-use","params":{"recovery":{"snapshotWithin":"0h"}}}]}}`,
			`spec.rules[0].params.recovery: snapshotWithin: "0h" is not a duration such as 24h or 90m`,
		},
		"a duration that is no text": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"claim-in-use","params":{"recovery":{"snapshotWithin":24}}}]}}`,
			`spec.rules[0].params.recovery: snapshotWithin: 24 is not a string`,
		},
		"an unknown field of a parameter": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"claim-in-use","params":{"recovery":{"within":"24h"}}}]}}`,
			`spec.rules[0].params.recovery: unknown field "within": use one of [dependentDrivers snapshotWithin]`,
		},
		"a parameter that must have fields": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"rules":[{"id":"claim-in-use","params":{"recovery":"24h"}}]}}`,
			`spec.rules[0].params.recovery: 24h is not an object`,
		},
		"a decision log of an unknown mode": {
			guardrailsWith(`"decisionLog":{"mode":"on","allowedPercent":101}`),
			"spec.decisionLog.mode: unknown mode \"on\": use one of [Off Denied All]\n" +
				"spec.decisionLog.allowedPercent: 101 is not a percentage from 1 to 100",
		},
		"rollout groups that select nothing": {
			guardrailsWith(`"rolloutGroups":[{"name":"db"},{"name":"db","namespaces":["A"]},` +
				`{"name":"a b","labelSelector":{"matchExpressions":[{"key":"a","operator":"Is"}]}}]`),
			`spec.rolloutGroups[1].name: group "db" is already in rolloutGroups[0]` + "\n" +
				`spec.rolloutGroups[1].namespaces[0]: "A" is not a name pattern: use lower case letters, digits, - and *` + "\n" +
				`spec.rolloutGroups[2].name: "a b" is not the value of a label: use at most 63 letters, digits, -, . and _` + "\n" +
				`spec.rolloutGroups[2].labelSelector: "Is" is not a valid label selector operator`,
		},
		"a rollout group without a name": {
			guardrailsWith(`"rolloutGroups":[{"namespaces":["data"]}]`),
			`spec.rolloutGroups[0].name: "" is not the value of a label: use at most 63 letters, digits, -, . and _`,
		},
		"parents that are no kinds": {
			guardrailsWith(`"parents":[{"group":"example.com","kind":"Shop"},{"group":"example.com","kind":"Shop"},` +
				`{"group":"Example","kind":"Shop","resource":"Shops","label":"a b"},{"group":"example.com"}]`),
			`spec.parents[1].kind: Shop of group "example.com" is already in parents[0]` + "\n" +
				`spec.parents[2].group: "Example" is not an API group: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric ` +
				`characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is ` +
				`'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')` + "\n" +
				`spec.parents[2].resource: "Shops" is not a plural such as rabbitmqclusters: a DNS-1035 label must consist of lower case alphanumeric ` +
				`characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex ` +
				`used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')` + "\n" +
				`spec.parents[2].label: "a b" is not the key of a label: name part must consist of alphanumeric characters, '-', '_' or '.', and ` +
				`must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is ` +
				`'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')` + "\n" +
				`spec.parents[3].kind: is required: name the kind, such as RabbitmqCluster`,
		},
		"a forecast of an unknown mode": {
			guardrailsWith(`"forecast":"Never"`),
			`spec.forecast: unknown mode "Never": use one of [Off DryRun Always]`,
		},
		"masks that are no paths": {
			guardrailsWith(`"decisionLog":{"masks":["spec..env","metadata"]}`),
			`spec.decisionLog.masks[0]: "spec..env" is not a path such as spec.template.spec.containers[*].env[*].value or metadata.annotations["example.com/token"]` + "\n" +
				`spec.decisionLog.masks[1]: "metadata" cannot be masked: a record finds its objects by apiVersion, kind, namespace and name`,
		},
		"a subject without a kind": {
			guardrailsWith(`"match":{"subjects":[{"name":"alice"}]}`), "spec.match.subjects[0].kind: is required: use User, Group or ServiceAccount",
		},
		"a service account without a namespace": {
			guardrailsWith(`"match":{"subjects":[{"kind":"ServiceAccount","name":"flux"}]}`),
			`spec.match.subjects[0].namespace: "" is not a namespace of a ServiceAccount, in which * matches any characters`,
		},
		"an actor that no list names": {
			guardrailsWith(`"rules":[{"id":"image-tag","match":{"excludedActors":["ci"]},"actions":{"bots":"warn"}}]`),
			"spec.rules[0].match.excludedActors[0]: spec.actors has no actor \"ci\"\n" +
				`spec.rules[0].actions.bots: spec.actors has no actor "bots": use one of them, or automation`,
		},
		"a promoter that no list names": {
			guardrailsWith(`"actors":[{"name":"ci","subjects":[{"kind":"User","name":"ci"}]}],"promoters":["ci","automation"]`),
			`spec.promoters[1]: spec.actors has no actor "automation"`,
		},
		"automation that no list names": {
			guardrailsWith(`"actors":[{"name":"ci","subjects":[{"kind":"User","name":"ci"}]}],"automation":["ci","cd"]`),
			`spec.automation[1]: spec.actors has no actor "cd"`,
		},
		"a registration that is managed by a word": {
			guardrailsWith(`"registration":{"manage":"yes"}`),
			`spec.registration.manage: must be true or false, and is the string "yes"`,
		},
		"a registration that is managed otherwise": {
			guardrailsWith(`"registration":{"managed":true}`), `spec.registration.managed: unknown field "managed"`,
		},
		"advice that goes nowhere": {
			guardrailsWith(`"advice":{"automation":"mail"}`), `spec.advice.automation: "mail": use warn, event or audit`,
		},
		"an empty selection": {
			guardrailsWith(`"match":{}`), "spec.match: is empty: select something, or remove it",
		},
		"a selection that is no pattern": {
			guardrailsWith(`"rules":[{"id":"image-tag","match":{"namespaces":["data","Da[t]a"]}}]`),
			`spec.rules[0].match.namespaces[1]: "Da[t]a" is not a name pattern: use lower case letters, digits, - and *`,
		},
		"a selector that Kubernetes would refuse": {
			guardrailsWith(`"match":{"labelSelector":{"matchExpressions":[{"key":"a","operator":"Is"}]}}`),
			`spec.match.labelSelector: "Is" is not a valid label selector operator`,
		},
		"an exception that says nothing": {
			guardrailsWith(`"exceptions":[{}]`),
			strings.Join([]string{
				"spec.exceptions[0].rules: name at least one rule; to exempt namespaces from all rules, use `spec.match.excludedNamespaces`",
				"spec.exceptions[0].match: is empty: select something, or remove it",
				"spec.exceptions[0].reason: is empty: explain why the exception exists",
				"spec.exceptions[0].owner: is empty: name a contact for this exception",
				`spec.exceptions[0].expires: "" is not a time such as 2027-01-31T00:00:00Z (RFC 3339)`,
			}, "\n"),
		},
		"an exception for everything else, from a rule that there is not, until some day": {
			guardrailsWith(`"exceptions":[{"rules":["image-tag","image-tagg"],"match":{"excludedNamespaces":["a"]},"reason":"r","owner":"o","expires":"tomorrow"}]`),
			strings.Join([]string{
				"spec.exceptions[0].rules[1]: unknown rule \"image-tagg\": did you mean \"image-tag\"? `stateward rules` lists them",
				"spec.exceptions[0].match: must select something: set namespaces, names, namespaceSelector, labelSelector, subjects, actors or ownedBy",
				`spec.exceptions[0].expires: "tomorrow" is not a time such as 2027-01-31T00:00:00Z (RFC 3339)`,
			}, "\n"),
		},
		"more than an action of a rule that a check applies": {
			guardrailsWith(`"rules":[{"id":"same-object","action":"warn","match":{"names":["a"]}},{"id":"api-server","action":"no"}]`),
			"spec.rules[0].id: rule same-object is applied by `stateward check` alone: only its action can be set\n" +
				`spec.rules[1].action: unknown action "no": use one of [deny warn audit off]`,
		},
		"an exception from a rule that a check applies": {
			guardrailsWith(`"exceptions":[{"rules":["api-version"],"match":{"names":["a"]},"reason":"r","owner":"o","expires":"2027-01-31T00:00:00Z"}]`),
			"spec.exceptions[0].rules[0]: rule api-version is applied by `stateward check` alone and has no exceptions: set its action in " +
				"spec.rules, or ignore it in a manifest with --allow-annotations",
		},
		"another kind": {
			`{"apiVersion":"v1","kind":"Service","spec":{}}`,
			"apiVersion: \"v1\" is not stateward.dev/v1alpha1\nkind: \"Service\" is not Guardrails",
		},
		"unknown field": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"profil":"strict"}}`,
			`spec.profil: unknown field "profil"`,
		},
		"a list where a word belongs": {
			`{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{"profile":[]}}`,
			`spec.profile: must be a string, and is a list`,
		},
		"values of other types beside other mistakes": {
			guardrailsWith(`"profile":"stricter","fourEyes":"yes","exceptions":[
				{"rules":["image-tag"],"match":{"names":["a"]},"reason":"r","owner":true,"expires":2027},
				{"rules":"image-tag","match":{"names":"a"},"reason":"","owner":"o","expires":"2027-01-31T00:00:00Z"}]`),
			strings.Join([]string{
				"spec.exceptions[0].expires: must be a string, and is the number 2027: put it in quotes if it is meant as text",
				"spec.exceptions[0].owner: must be a string, and is the boolean true: put it in quotes if it is meant as text",
				`spec.exceptions[1].match.names: must be a list, and is the string "a"`,
				`spec.exceptions[1].rules: must be a list, and is the string "image-tag"`,
				`spec.fourEyes: must be true or false, and is the string "yes"`,
				`spec.profile: unknown profile "stricter": use one of [baseline strict]`,
				"spec.exceptions[1].reason: is empty: explain why the exception exists",
			}, "\n"),
		},
		"a number in a list": {
			guardrailsWith(`"match":{"names":["a",1]}`),
			"spec.match.names[1]: must be a string, and is the number 1: put it in quotes if it is meant as text",
		},
		"a number too large": {
			guardrailsWith(`"decisionLog":{"allowedPercent":99999999999}`),
			"spec.decisionLog.allowedPercent: must be a number (int32), and is the number 99999999999",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v1alpha1.ParseGuardrails([]byte(test.source), builders.Library(t))
			if err == nil {
				t.Fatal("taken")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// guardrailsWith is Guardrails with these fields in their spec.
func guardrailsWith(fields string) string {
	return `{"apiVersion":"stateward.dev/v1alpha1","kind":"Guardrails","spec":{` + fields + `}}`
}
