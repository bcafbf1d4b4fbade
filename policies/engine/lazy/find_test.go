package lazy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
)

func TestFindWalksValuesOfEachForm(t *testing.T) {
	t.Parallel()
	document := parsed(t, `{"spec":{"replicas":3,"list":["a"]}}`)
	known := OfValue(Forced(document))
	request := Object(Item{ast.StringTerm("object"), document}, Item{ast.IntNumberTerm(1), Text("one")}, Item{ast.StringTerm("known"), known})
	for _, test := range []struct {
		path []string
		want string
	}{
		{[]string{"object", "spec", "replicas"}, "3"},
		{[]string{"known", "spec", "replicas"}, "3"},
		{[]string{"object", "spec", "list"}, `["a"]`},
		{[]string{"object", "spec", "list", "0"}, ""},
		{[]string{"object", "spec", "replicas", "x"}, ""},
		{[]string{"object", "status"}, ""},
		{[]string{"known", "status"}, ""},
		{[]string{"1"}, ""},
	} {
		var got string
		if found := Forced(Find(request, test.path...)); found != nil {
			got = found.String()
		}
		if got != test.want {
			t.Errorf("%v: found %s, want %s", test.path, got, test.want)
		}
	}
}

func TestObjectSortsItemsAndKeepsTheLastOfEachKey(t *testing.T) {
	t.Parallel()
	document := parsed(t, `{"x":1}`)
	item := func(key string, value Value) Item { return Item{ast.StringTerm(key), value} }
	for _, test := range []struct {
		items []Item
		want  string
	}{
		{[]Item{item("a", document), item("b", Text("1"))}, `{"a": {"x": 1}, "b": "1"}`},
		{[]Item{item("b", Text("1")), item("a", document)}, `{"a": {"x": 1}, "b": "1"}`},
		{[]Item{item("a", Text("1")), item("a", document)}, `{"a": {"x": 1}}`},
		{[]Item{item("a", document), item("a", Text("1"))}, `{"a": "1"}`},
		{[]Item{item("b", Text("1")), item("a", Text("2")), item("b", Text("3"))}, `{"a": "2", "b": "3"}`},
	} {
		object := Object(test.items...)
		fields, _ := Fields(object)
		var keys []string
		for _, field := range fields {
			keys = append(keys, field.Key.String())
		}
		var sorted []string
		Forced(object).(ast.Object).Foreach(func(key, _ *ast.Term) { sorted = append(sorted, key.String()) })
		if diff := cmp.Diff(sorted, keys); diff != "" {
			t.Errorf("%s: keys (-OPA +lazy):\n%s", test.want, diff)
		}
		if got := Forced(object).String(); got != test.want {
			t.Errorf("made %s, want %s", got, test.want)
		}
	}
}

func parsed(t *testing.T, text string) Value {
	t.Helper()
	read, err := (&Reader{}).Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return read
}
