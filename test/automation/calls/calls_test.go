// Package calls_test repeats what programs ask an API server for that are not built here, under the accounts that they
// have by default, and what people do by hand beside them.
package calls_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stateward/stateward/test/automation"
)

const (
	elastic = "elasticsearches.elasticsearch.k8s.elastic.co"
	// guardrails are what a team with these programs writes. Its own exception lets ECK, and no other account, delete what
	// ECK manages.
	guardrails = `apiVersion: stateward.dev/v1alpha1
kind: Guardrails
metadata: {name: stateward}
spec:
  include: [eck, keda, velero]
  exceptions:
    - rules: [cascade-delete]
      match:
        actors: [eck-operator]
        labelSelector: {matchLabels: {managed-by: eck}}
      reason: ECK replaces its sets
      owner: search team
      expires: 2099-12-31T00:00:00Z
`
	// owner is what ECK's controllers watch, with nothing but what is needed here.
	owner = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ` + elastic + `}
spec:
  group: elasticsearch.k8s.elastic.co
  scope: Namespaced
  names: {kind: Elasticsearch, plural: elasticsearches, singular: elasticsearch, listKind: ElasticsearchList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`
)

// caller is an account in the namespace of one test.
type caller struct {
	automation.Cluster
	namespace, kubeconfig string
}

func TestCalls(t *testing.T) {
	guarded := automation.ForTest(t)
	guarded.Do(t, owner, "create", "-f", "-")
	guarded.Do(t, "", "wait", "--for=condition=Established", "crd/"+elastic, "--timeout=60s")
	guarded.Do(t, guardrails, "create", "-f", "-")
	guarded.Do(t, "", "wait", "--for=condition=Ready", "guardrails/stateward", "--timeout=60s")
	for name, test := range map[string]struct {
		account automation.Account
		holds   func(*testing.T, caller)
	}{
		"eck owns claims":             {automation.Account{Namespace: "elastic-system", Name: "elastic-operator"}, ownsClaims},
		"eck alone has its exception": {automation.Account{Namespace: "elastic-system", Name: "elastic-operator"}, hasItsException},
		"keda scales what is marked":  {automation.Account{Namespace: "keda", Name: "keda-operator"}, scales},
		"keda keeps all other claims": {automation.Account{Namespace: "keda", Name: "keda-operator"}, keeps},
		"velero restores by name":     {automation.Account{Namespace: "velero", Name: "velero"}, restores},
		"a set replaced by force":     {automation.Account{Namespace: "default", Name: "deployer"}, replaces},
		"an orphan delete":            {automation.Account{Namespace: "default", Name: "deployer"}, orphans},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := strings.ReplaceAll(name, " ", "-")
			guarded.Do(t, "", "create", "namespace", namespace)
			guarded.Do(t, "", "create", "rolebinding", "caller", "-n", namespace, "--clusterrole=cluster-admin",
				"--serviceaccount="+test.account.Namespace+":"+test.account.Name)
			test.holds(t, caller{guarded, namespace, guarded.Kubeconfig(t, test.account)})
		})
	}
}

// as names the account in a command of kubectl.
func (c caller) as(arguments ...string) []string {
	return append([]string{"--kubeconfig", c.kubeconfig, "-n", c.namespace}, arguments...)
}

// deploy creates the database, and waits for it.
func (c caller) deploy(t *testing.T) {
	t.Helper()
	c.Do(t, automation.Database(image), "create", "-n", c.namespace, "-f", "-")
	c.Becomes(t, c.namespace, automation.DatabaseState(3, image)...)
}

var image = automation.Image("16.4")

// ownsClaims is how ECK lets claims go with their Elasticsearch: pkg/controller/elasticsearch/driver/stateful/pvc_owner.go.
// The owner is no controller, since the claims have none.
func ownsClaims(t *testing.T, c caller) {
	c.deploy(t)
	owned := func(uid string) string {
		return fmt.Sprintf(`{"metadata": {"ownerReferences": [{"apiVersion": "elasticsearch.k8s.elastic.co/v1", "kind": "Elasticsearch", "name": "search", "uid": %q}]}}`, uid)
	}
	c.Do(t, "apiVersion: elasticsearch.k8s.elastic.co/v1\nkind: Elasticsearch\nmetadata: {name: search}\n", "create", "-n", c.namespace, "-f", "-")
	uid := c.Do(t, "", "get", "elasticsearch", "search", "-n", c.namespace, "-o", "jsonpath={.metadata.uid}")
	claim := func(uid string) []string { return c.as("patch", "pvc", "data-db-0", "--type=merge", "-p", owned(uid)) }

	c.Refused(t, []string{"[owner-reference]", "does not exist"}, claim("00000000-0000-0000-0000-000000000000")...)
	c.Do(t, "", claim(uid)...)
	c.Is(t, c.namespace, automation.DatabaseState(3, image)...)
}

// hasItsException labels a set as the exception wants it: that lets a person delete nothing.
func hasItsException(t *testing.T, c caller) {
	c.deploy(t)
	c.Do(t, "", "label", "statefulset", "db", "managed-by=eck", "-n", c.namespace)
	c.Refused(t, []string{"[cascade-delete]"}, "delete", "statefulset", "db", "-n", c.namespace)
	c.Is(t, c.namespace, automation.DatabaseState(3, image)...)
	c.Do(t, "", c.as("delete", "statefulset", "db")...)
	c.GoesWithOwner(t, c.namespace)
}

// scaled is a database whose claims go with their pods at each step down.
func scaled(t *testing.T, c caller, labels string) {
	t.Helper()
	text := strings.NewReplacer(
		"kind: StatefulSet\nmetadata: {name: db, labels: {app: db}", "kind: StatefulSet\nmetadata: {name: db, labels: {"+labels+"}",
		"  serviceName: db", "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n  serviceName: db",
	).Replace(automation.Database(image))
	c.Do(t, text, "create", "-n", c.namespace, "-f", "-")
	c.Becomes(t, c.namespace, automation.DatabaseState(3, image)...)
}

// toNone is how KEDA takes a set to 0, through its Scale: pkg/scaling/executor, updateScaleOnScaleTarget.
func (c caller) toNone() []string { return c.as("scale", "statefulset", "db", "--replicas=0") }

func scales(t *testing.T, c caller) {
	scaled(t, c, `app: db, stateward.dev/ephemeral: "true"`)
	c.Do(t, "", c.toNone()...)
	c.Becomes(t, c.namespace, "StatefulSet db: 0 of 0 ready with "+image, "Service db", "PodDisruptionBudget db")
}

func keeps(t *testing.T, c caller) {
	scaled(t, c, "app: db")
	c.Refused(t, []string{"[scale-down-data]"}, c.toNone()...)
	c.Is(t, c.namespace, automation.DatabaseState(3, image)...)
}

// restores creates the set before its Service, as Velero does: kinds without an order of their own follow by name.
func restores(t *testing.T, c caller) {
	parts := strings.Split(automation.Database(image), "---\n")
	service, budget, set := parts[0], parts[1], parts[2]
	c.Do(t, budget, c.as("create", "-f", "-")...)
	output, code := c.Try(t, set, "create", "-n", c.namespace, "-f", "-")
	if code == 0 {
		t.Fatalf("a person created a set without its Service: %s", output)
	}
	automation.Contains(t, output, "[headless-service]")
	c.Do(t, set, c.as("create", "-f", "-")...)
	c.Do(t, service, c.as("create", "-f", "-")...)
	c.Becomes(t, c.namespace, automation.DatabaseState(3, image)...)
}

// replaces deletes and creates all of a file, as `kubectl replace --force` does. Nothing of it may go alone.
func replaces(t *testing.T, c caller) {
	c.deploy(t)
	output, code := c.Try(t, automation.Database(image), c.as("replace", "--force", "-f", "-")...)
	if code == 0 {
		t.Fatalf("kubectl replace --force succeeded: %s", output)
	}
	automation.Contains(t, output, "[service-in-use]", "[budget-in-use]", "[cascade-delete]")
	c.Is(t, c.namespace, automation.DatabaseState(3, image)...)
}

// orphans leaves pods behind that run on, and tries to take their claims.
func orphans(t *testing.T, c caller) {
	c.deploy(t)
	c.Do(t, "", c.as("delete", "statefulset", "db", "--cascade=orphan")...)
	c.Refused(t, []string{"[claim-in-use]", "db-0"}, c.as("delete", "pvc", "data-db-0")...)
	c.Refused(t, []string{"[service-in-use]"}, c.as("delete", "service", "db")...)
	c.Is(t, c.namespace, append([]string{"Service db", "PodDisruptionBudget db"}, automation.Claims()...)...)
}
