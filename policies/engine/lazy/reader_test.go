package lazy

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
	kjson "sigs.k8s.io/json"
)

// FuzzRead holds that an object reads as OPA reads it by itself, but for managedFields, whatever is asked for first.
func FuzzRead(f *testing.F) {
	for _, raw := range []string{
		``, ` {} `, `null`, `[]`, `1`, `"a"`, `{"a":1}x`, `{"a":1,}`, `{"a":[1,2.50,-0,1e3,1E+400,true,false,null,"",{}, [ ] ]}`,
		`{"a":1,"a":{"b":2},"\u0061":3}`, `{"a":"\ud83d\ude00\ud83d \"\\\/\b","é":"` + "\xff" + `"}`, `{"a\\":"\\","b\\\"":"\\\""}`,
		`{"metadata":{"managedFields":[{"a":1}],"name":"x"},"spec":{"managedFields":1,"metadata":{"managedFields":2}}}`,
		`{"b":0,"a":{"d":0,"c":[{"f":0,"e":0}]},"b":1}`, ` { "a" : [ 1 , { "b" : [ ] } ] , "c" : { } } `,
		`{"a":1e999999999}`, `{"a":100000000000000000000000000000000000000001,"b":0.1e-7,"c":017}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, wantErr := wayOfOPA(raw)
		got, err := (&Reader{}).Read(raw)
		if (wantErr == nil) != (err == nil) {
			t.Fatalf("error %v, OPA's is %v", err, wantErr)
		}
		if err == nil {
			same(t, want, got)
		}
	})
}

// FuzzReadAsAPIServer holds that what an API server would read as an object reads here as the same, but for managedFields.
func FuzzReadAsAPIServer(f *testing.F) {
	for _, raw := range []string{
		`null`, ` {} `, `{"a":1,"A":2,"a":{"b":[1.5,-0,9007199254740993,1e3]}}`, `{"a":"\ud83d\ude00\ud83d","\u0061":"\/"}`, `{"é":"` + "\xff" + `"}`,
		`{"a":1e400}`, `{"a":[[[[]]]]}`, `{"metadata":{"managedFields":[],"name":"x"}}`, `{"a":1}{}`, `{"a":18446744073709551616,"b":1e-400}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want any
		if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &want); err != nil {
			return
		}
		if object, ok := want.(map[string]any); ok {
			if metadata, ok := object["metadata"].(map[string]any); ok {
				delete(metadata, "managedFields")
			}
		} else if want != nil {
			return
		}
		read, err := (&Reader{}).Read(raw)
		if err != nil {
			// Rego cannot calculate with exponents of any length, though the number be zero.
			if !strings.HasPrefix(err.Error(), "invalid number: ") {
				t.Fatalf("an API server reads it, and here: %v", err)
			}
			return
		}
		got, err := ast.JSON(Forced(read))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(floats(t, want), floats(t, got)); diff != "" {
			t.Errorf("-an API server +here:\n%s", diff)
		}
	})
}

// floats makes all numbers ones that can be compared.
func floats(t *testing.T, value any) any {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for key, within := range value {
			value[key] = floats(t, within)
		}
	case []any:
		for index, within := range value {
			value[index] = floats(t, within)
		}
	case int64:
		return float64(value)
	case json.Number:
		number, err := value.Float64()
		if err != nil {
			t.Fatal(err)
		}
		return number
	}
	return value
}

// same compares what is read field by field, and then as a whole.
func same(t *testing.T, want ast.Value, got Value) {
	t.Helper()
	read, ok := got.(*node)
	if !ok {
		if ast.Compare(want, Forced(got)) != 0 {
			t.Fatalf("read as %v, by OPA as %v", got, want)
		}
		return
	}
	switch want := want.(type) {
	case ast.Object:
		if read.IsArray() || read.Len() != want.Len() {
			t.Fatalf("read as %d fields, an array is %v, by OPA as %v", read.Len(), read.IsArray(), want)
		}
		place := 0
		want.Foreach(func(key, value *ast.Term) {
			sameField(t, read, place, key, value)
			place++
		})
	case *ast.Array:
		if !read.IsArray() || read.Len() != want.Len() {
			t.Fatalf("read as %d elements, an array is %v, by OPA as %v", read.Len(), read.IsArray(), want)
		}
		for place := range want.Len() {
			sameField(t, read, place, ast.InternedTerm(place), want.Elem(place))
		}
	}
	whole, err := read.Force()
	if err != nil || ast.Compare(want, whole.Value) != 0 || want.Hash() != whole.Hash() {
		t.Fatalf("read as %v (%v), by OPA as %v", whole, err, want)
	}
}

func sameField(t *testing.T, read *node, place int, key, value *ast.Term) {
	t.Helper()
	found, err := read.Get(key)
	if err != nil || found == nil {
		t.Fatalf("nothing at %v (%v), for OPA %v", key, err, value)
	}
	gotKey, got := read.At(place)
	if ast.Compare(key, gotKey) != 0 || found != got {
		t.Fatalf("place %d is %v, for OPA %v; its value is another than that of the key: %v", place, gotKey, key, found != got)
	}
	same(t, value.Value, got)
}

func wayOfOPA(raw []byte) (ast.Value, error) {
	if len(raw) == 0 {
		return ast.NullValue, nil
	}
	var decoded any
	if err := util.UnmarshalJSON(raw, &decoded); err != nil {
		return nil, err
	}
	switch object := decoded.(type) {
	case nil:
	case map[string]any:
		if metadata, ok := object["metadata"].(map[string]any); ok {
			delete(metadata, "managedFields")
		}
	default:
		return nil, errors.New("it is no object")
	}
	return ast.InterfaceToValue(decoded)
}

// FuzzVersions holds that a version of an object reads the same after another one as alone, and leaves that as it was.
func FuzzVersions(f *testing.F) {
	for _, versions := range [][2]string{
		{`{"a":{"b":[{"c":1},{"d":2}]}}`, `{"a":{"b":[{"c":1},{"d":3}]}}`},
		{`{"a":{"b":1},"c":{"d":2}}`, `{"c":{"d":2},"a":{"b":1}}`},
		{`{"a":[1],"a":{"b":1}}`, `{"a":{"b":1},"a":[1]}`},
		{`{"a":{},"b":{}}`, `{"a":{"b":{}},"b":[]}`},
		{`{"metadata":{"managedFields":[{"a":{}}],"x":{}}}`, `{"x":{"managedFields":[{"a":{}}],"x":{}},"metadata":{"managedFields":[{"a":{}}],"x":{}}}`},
		{`[{}]`, `{"a":[{}]}`},
		{`{"a":[{"b":[]}]}`, `{"a":{"0":{"b":[]}}}`},
		{`{"a":{"b":1e999999999}}`, `{"a":{"b":1}}`},
	} {
		f.Add([]byte(versions[0]), []byte(versions[1]))
	}
	f.Fuzz(func(t *testing.T, before, raw []byte) {
		wantBefore, err := wayOfOPA(before)
		if err != nil {
			return
		}
		want, err := wayOfOPA(raw)
		if err != nil {
			return
		}
		reader := &Reader{}
		first, err := reader.Read(before)
		if err != nil {
			t.Fatal(err)
		}
		second, err := reader.Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		same(t, want, second)
		same(t, wantBefore, first)
	})
}

func TestReaderSharesCommonPartsOfTwoVersions(t *testing.T) {
	t.Parallel()
	reader := &Reader{}
	first, err := reader.Read([]byte(`{"spec":{"a":[{"b":1}],"c":{"d":2}}}`))
	if err != nil {
		t.Fatal(err)
	}
	second, err := reader.Read([]byte(`{"spec":{"a":[{"b":1}],"c":{"d":3}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if at(t, first, "spec", "a") != at(t, second, "spec", "a") {
		t.Error("the list is there twice")
	}
	if at(t, first, "spec", "c") == at(t, second, "spec", "c") {
		t.Error("the object that is another is there once")
	}
}

func TestReaderReadsManagedFieldsOnRequest(t *testing.T) {
	t.Parallel()
	const text = `{"metadata":{"managedFields":[{"manager":"kubectl"}],"name":"web"}}`
	for wanted, fields := range map[bool]int{true: 2, false: 1} {
		read, err := (&Reader{ManagedFields: wanted}).Read(json.RawMessage(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := at(t, read, "metadata").(*node).Len(); got != fields {
			t.Errorf("wanted is %v: the metadata has %d fields", wanted, got)
		}
	}
}

func at(t *testing.T, value Value, path ...string) Value {
	t.Helper()
	found := value
	for _, name := range path {
		var err error
		if found, err = found.Get(ast.StringTerm(name)); err != nil || found == nil {
			t.Fatalf("nothing at %s: %v", name, err)
		}
	}
	return found
}
