package plan

import (
	"fmt"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// TestShallowFunctionsAnswerAsOPAsOwn calls each with values of all kinds, read lazily and as OPA has them.
func TestShallowFunctionsAnswerAsOPAsOwn(t *testing.T) {
	for name, arity := range map[string]int{
		"object.get": 3, "object.filter": 2, "object.union": 2, "array.concat": 2, "internal.member_2": 2, "neq": 2, "count": 1, "type_name": 1,
		"is_array": 1, "is_object": 1, "is_boolean": 1, "is_null": 1, "is_number": 1, "is_set": 1, "is_string": 1,
	} {
		t.Run(name, func(t *testing.T) {
			function, err := newNative(name)
			if err != nil {
				t.Fatal(err)
			}
			answered := 0
			for args := range combinations(values(t), arity) {
				machine := (&machines{}).get(0)
				got := function.shallow(machine, args)
				if got == nil {
					continue
				}
				answered++
				for index, arg := range args {
					args[index] = machine.whole(arg)
				}
				var want *ast.Term
				if err := function.call(topdown.BuiltinContext{}, args, func(result *ast.Term) error { want = result; return nil }); err != nil {
					t.Errorf("%v: answered %v, and OPA's own says %v", args, machine.whole(got), err)
					continue
				}
				if got = machine.whole(got); ast.Compare(want.Value, got.Value) != 0 {
					t.Errorf("%v: answered %v, OPA's own %v", args, got, want)
				}
			}
			if answered == 0 {
				t.Error("it answers nothing")
			}
		})
	}
}

// values are of all kinds, the collections of JSON both lazily read and not.
func values(t *testing.T) (all []*ast.Term) {
	t.Helper()
	var unread []*ast.Term
	for _, text := range []string{
		`null`, `true`, `0`, `1`, `"a"`, `"b"`, `[]`, `{}`, `["a"]`, `["b","a",1]`, `["b","c",0]`, `[[],{}]`,
		`{"a":{"b":[0,{"c":null}]},"0":1}`, `{"b":["c"],"a":1.0}`, `[{"a":1},{"a":1,"b":2}]`, `{"a":[],"b":{}}`, `["a",["b"]]`,
	} {
		read, err := (&lazy.Reader{}).Read([]byte(`{"value":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		found, err := read.(lazy.Collection).Get(ast.StringTerm("value"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found, ast.MustParseTerm(text))
		if lazy.IsLazy(found) {
			unread = append(unread, found)
		}
	}
	all = append(all, ast.MustParseTerm(`{"a", 1}`), ast.MustParseTerm(`set()`))
	all = append(all, lazy.Array([]*ast.Term{ast.StringTerm("a"), unread[0]}), lazy.Array(unread))
	return append(all, lazy.Object(ast.Item(ast.StringTerm("b"), unread[3]), ast.Item(ast.StringTerm("a"), unread[0]), ast.Item(ast.StringTerm("b"), unread[1])))
}

// combinations are all lists of so many values.
func combinations(values []*ast.Term, count int) func(func([]*ast.Term) bool) {
	return func(yield func([]*ast.Term) bool) {
		places := make([]int, count)
		for {
			args := make([]*ast.Term, count)
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

func TestWhatIsReadLazilyIsNeverTakenForSomethingElse(t *testing.T) {
	read, err := (&lazy.Reader{}).Read([]byte(`{"a":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]ast.Value{"a document": read, "an array of it": lazy.Array([]*ast.Term{ast.NewTerm(read)}).Value} {
		for method, call := range map[string]func(){
			"compares": func() { value.Compare(ast.Null{}) }, "has a hash": func() { value.Hash() }, "has a text": func() { _ = fmt.Sprint(value.String()) },
		} {
			t.Run(name+" "+method, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("it did")
					}
				}()
				call()
			})
		}
	}
}
