package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// recordingInventory has one Service and remembers what it was asked.
type recordingInventory struct{ asked []string }

func (w *recordingInventory) Knows(resource string) bool { return resource == "services" }

func (w *recordingInventory) Get(_ context.Context, resource, namespace, name string) (ast.Value, error) {
	w.asked = append(w.asked, "get "+resource+"/"+namespace+"/"+name)
	if name != "nginx" {
		return nil, nil
	}
	return ast.MustParseTerm(`{"spec": {"clusterIP": "None"}}`).Value, nil
}

func (w *recordingInventory) List(_ context.Context, resource, namespace string) (ast.Value, error) {
	w.asked = append(w.asked, "list "+resource+"/"+namespace)
	return ast.NewObject(), nil
}

func (w *recordingInventory) Mounting(_ context.Context, namespace, claim string) (ast.Value, error) {
	w.asked = append(w.asked, "mounting "+namespace+"/"+claim)
	return ast.MustParseTerm(`{"web-0": {"spec": {}}}`).Value, nil
}

func (w *recordingInventory) Owned(_ context.Context, group, kind string) (ast.Value, error) {
	w.asked = append(w.asked, "owned "+group+"/"+kind)
	return ast.MustParseTerm(`{"data/web": {"spec": {}}}`).Value, nil
}

func (w *recordingInventory) Naming(_ context.Context, resource, named string) (ast.Value, error) {
	w.asked = append(w.asked, "naming "+resource+" "+named)
	return ast.MustParseTerm(`{"data/web-0": {"spec": {}}}`).Value, nil
}

func (w *recordingInventory) Matching(_ context.Context, namespace, selector string) (ast.Value, error) {
	w.asked = append(w.asked, "matching "+namespace+" "+selector)
	return ast.MustParseTerm(`{"data/web": {"spec": {}}}`).Value, nil
}

func (w *recordingInventory) Owner(_ context.Context, namespace, owner string) (ast.Value, error) {
	w.asked = append(w.asked, "owner "+namespace+" "+owner)
	return inventory.KnownOwner{UID: "0c7a"}.Value(), nil
}

func (w *recordingInventory) Governed(_ context.Context, namespace, service string) (ast.Value, error) {
	w.asked = append(w.asked, "governed "+namespace+"/"+service)
	return ast.MustParseTerm(`{"web": {"spec": {}}}`).Value, nil
}

func (w *recordingInventory) Selecting(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	w.asked = append(w.asked, fmt.Sprintf("selecting %s/%s %v", resource, namespace, labels))
	return ast.NewObject(), nil
}

func (w *recordingInventory) Labelled(_ context.Context, resource, namespace string, labels inventory.Labels) (ast.Value, error) {
	w.asked = append(w.asked, fmt.Sprintf("labelled %s/%s %v", resource, namespace, labels))
	return ast.MustParseTerm(`{"web": {"spec": {}}}`).Value, nil
}

func TestStoreAsksTheInventoryForExactlyWhatIsRead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		path  string
		want  string
		asked []string
		fails string
	}{
		"an object":                {path: "/cluster/services/default/nginx", want: `{"spec":{"clusterIP":"None"}}`, asked: []string{"get services/default/nginx"}},
		"a field of an object":     {path: "/cluster/services/default/nginx/spec/clusterIP", want: `"None"`, asked: []string{"get services/default/nginx"}},
		"a field that is not":      {path: "/cluster/services/default/nginx/status", asked: []string{"get services/default/nginx"}, fails: "does not exist"},
		"an object that is not":    {path: "/cluster/services/default/none", asked: []string{"get services/default/none"}, fails: "does not exist"},
		"a namespace":              {path: "/cluster/statefulsets/default", want: `{}`, asked: []string{"list statefulsets/default"}},
		"what is known":            {path: "/cluster/known/services", want: `true`},
		"what is not known":        {path: "/cluster/known/pods", want: `false`},
		"an object of the cluster": {path: "/cluster/persistentvolumes/nginx/spec", want: `{"clusterIP":"None"}`, asked: []string{"get persistentvolumes//nginx"}},
		"an index":                 {path: "/cluster/governed/default/nginx", want: `{"web":{"spec":{}}}`, asked: []string{"governed default/nginx"}},
		"an object of an index":    {path: "/cluster/governed/default/nginx/web", want: `{"spec":{}}`, asked: []string{"governed default/nginx"}},
		"half an index":            {path: "/cluster/governed/default", fails: "let it name an object"},
		"an index of pods":         {path: "/cluster/mounting/default/data-web-0", want: `{"web-0":{"spec":{}}}`, asked: []string{"mounting default/data-web-0"}},
		"an index of owners":       {path: "/cluster/owned/rabbitmq.com/RabbitmqCluster", want: `{"data/web":{"spec":{}}}`, asked: []string{"owned rabbitmq.com/RabbitmqCluster"}},
		"an index of names":        {path: "/cluster/naming/pods/Node", want: `{"data/web-0":{"spec":{}}}`, asked: []string{"naming pods Node"}},
		"half an index of names":   {path: "/cluster/naming/pods", fails: "let it name an object"},
		"an index of selectors":    {path: `/cluster/matching/data/{"matchLabels":{}}`, want: `{"data/web":{"spec":{}}}`, asked: []string{`matching data {"matchLabels":{}}`}},
		"half an index of those":   {path: "/cluster/matching/data", fails: "let it name an object"},
		"an owner":                 {path: "/cluster/owner/default/a", want: `{"exists":true,"owners":[],"uid":"0c7a"}`, asked: []string{"owner default a"}},
		"that there is an index":   {path: "/cluster/known/governed", want: `true`},
		"what selects labels":      {path: `/cluster/selecting/services/default/{"a":"1","b":2}`, want: `{}`, asked: []string{"selecting services/default map[a:1]"}},
		"what has labels":          {path: `/cluster/labelled/deployments/default/{}`, want: `{"web":{"spec":{}}}`, asked: []string{"labelled deployments/default map[]"}},
		"one that has labels":      {path: `/cluster/labelled/deployments/default/{}/web`, want: `{"spec":{}}`, asked: []string{"labelled deployments/default map[]"}},
		"what has no JSON":         {path: `/cluster/labelled/deployments/default/a=1`, fails: "write them with json.marshal"},
		"half an index of labels":  {path: "/cluster/selecting/services/default", fails: "let it name a resource, a namespace and labels"},
		"that there are labels":    {path: "/cluster/known/selecting", want: `true`},
		"all of a resource":        {path: "/cluster/services", fails: "let it name a namespace"},
		"all there are few of":     {path: "/cluster/storageclasses", want: `{}`, asked: []string{"list storageclasses/"}},
		"all there are many of":    {path: "/cluster/persistentvolumes", fails: "let it name a namespace"},
		"all of an unknown kind":   {path: "/cluster/spaceships", fails: "let it name a namespace"},
		"the whole cluster":        {path: "/cluster", fails: "let it name a namespace"},
		"no inventory":             {path: "/spec/profile", want: `"strict"`},
		"nothing":                  {path: "/spec/rules", fails: "does not exist"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := &recordingInventory{}
			data := &store{guardrails: ast.MustParseTerm(`{"spec": {"profile": "strict"}}`).Value}
			got, err := data.Read(t.Context(), newTransaction(inv), storage.MustParsePath(test.path))
			if test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Fatalf("got error %v", err)
			}
			if test.fails == "" && err != nil {
				t.Fatal(err)
			}
			if test.want != "" && ast.MustParseTerm(test.want).Value.Compare(got.(ast.Value)) != 0 {
				t.Errorf("got %v, want %s", got, test.want)
			}
			if diff := cmp.Diff(test.asked, inv.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStoreCannotBeWritten(t *testing.T) {
	t.Parallel()
	data := &store{guardrails: ast.NewObject()}
	if err := data.Write(t.Context(), newTransaction(nil), storage.AddOp, storage.MustParsePath("/cluster"), 1); err == nil {
		t.Error("a write was taken")
	}
	if err := data.Truncate(t.Context(), newTransaction(nil), storage.TransactionParams{}, nil); err == nil {
		t.Error("a truncation was taken")
	}
	if _, err := data.Read(t.Context(), nil, storage.MustParsePath("/cluster/services/default/nginx")); err == nil || storage.IsNotFound(err) {
		t.Errorf("a transaction of another store was answered: %v", err)
	}
	var missing *storage.Error
	if _, err := data.Read(t.Context(), nil, storage.MustParsePath("/kind")); !errors.As(err, &missing) {
		t.Errorf("got error %v", err)
	}
}
