package plan

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// TestLazyBuiltinsEqualOPAs calls each with values of all kinds, read lazily and as OPA has them.
func TestLazyBuiltinsEqualOPAs(t *testing.T) {
	for name, arity := range map[string]int{
		"object.get": 3, "object.filter": 2, "object.union": 2, "array.concat": 2, "internal.member_2": 2, "neq": 2, "count": 1, "type_name": 1,
		"is_array": 1, "is_object": 1, "is_boolean": 1, "is_null": 1, "is_number": 1, "is_set": 1, "is_string": 1,
	} {
		t.Run(name, func(t *testing.T) {
			function, err := newBuiltin(name)
			if err != nil {
				t.Fatal(err)
			}
			answered := 0
			for args := range combinations(values(t), arity) {
				machine := (&machines{}).get(0)
				got := function.lazy(machine, args)
				if got == nil {
					continue
				}
				answered++
				terms := make([]*ast.Term, 0, len(args))
				for _, arg := range args {
					terms = append(terms, machine.force(arg))
				}
				var want *ast.Term
				if err := function.call(topdown.BuiltinContext{}, terms, func(result *ast.Term) error { want = result; return nil }); err != nil {
					t.Errorf("%v: answered %v, and OPA's own says %v", terms, machine.force(got), err)
					continue
				}
				if got := machine.force(got); ast.Compare(want.Value, got.Value) != 0 {
					t.Errorf("%v: answered %v, OPA's own %v", terms, got, want)
				}
			}
			if answered == 0 {
				t.Error("it answers nothing")
			}
		})
	}
}

// values are of all kinds, the collections of JSON both lazily read and not.
func values(t *testing.T) (all []lazy.Value) {
	t.Helper()
	var unread []lazy.Value
	for _, text := range []string{
		`null`, `true`, `0`, `1`, `"a"`, `"b"`, `[]`, `{}`, `["a"]`, `["b","a",1]`, `["b","c",0]`, `[[],{}]`,
		`{"a":{"b":[0,{"c":null}]},"0":1}`, `{"b":["c"],"a":1.0}`, `[{"a":1},{"a":1,"b":2}]`, `{"a":[],"b":{}}`, `["a",["b"]]`,
	} {
		read, err := (&lazy.Reader{}).Read([]byte(`{"value":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		found, err := read.Get(ast.StringTerm("value"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found, lazy.Of(ast.MustParseTerm(text)))
		if lazy.IsLazy(found) {
			unread = append(unread, found)
		}
	}
	all = append(all, lazy.Of(ast.MustParseTerm(`{"a", 1}`)), lazy.Of(ast.MustParseTerm(`set()`)))
	all = append(all, lazy.Array([]lazy.Value{lazy.Text("a"), unread[0]}), lazy.Array(unread))
	a, b := ast.StringTerm("a"), ast.StringTerm("b")
	return append(all, lazy.Object(lazy.Item{Key: b, Value: unread[3]}, lazy.Item{Key: a, Value: unread[0]}, lazy.Item{Key: b, Value: unread[1]}))
}

// combinations are all lists of so many values.
func combinations(values []lazy.Value, count int) func(func([]lazy.Value) bool) {
	return func(yield func([]lazy.Value) bool) {
		places := make([]int, count)
		for {
			args := make([]lazy.Value, count)
			for index, place := range places {
				args[index] = values[place]
			}
			if !yield(args) {
				return
			}
			next := 0
			for ; next < count; next++ {
				if places[next]++; places[next] < len(values) {
					break
				}
				places[next] = 0
			}
			if next == count {
				return
			}
		}
	}
}
