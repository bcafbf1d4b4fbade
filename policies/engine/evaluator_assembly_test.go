package engine

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/engine/plan"
)

// assembledUnder are Guardrails that use all that an assembly looks at.
func assembledUnder() map[string]string {
	return map[string]string{
		"none": `{}`,
		"settings": `{"profile":"strict","match":{"excludedNamespaces":["shop"]},"rules":[{"id":"readiness-gate","action":"deny"},{"id":"spread","action":"off"},` +
			`{"id":"cascade-delete","action":"audit"},{"id":"image-tag","match":{"names":["w*"]}},{"id":"headless-service","params":{"missing":"warn"}}],` +
			`"exceptions":[{"rules":["max-unavailable","canary-first"],"match":{"names":["*"]},"reason":"r","owner":"o@example.com","expires":"2027-01-01T00:00:00Z"}]}`,
		"actors": `{"fourEyes":true,"advice":{"automation":"event"},"rules":[{"id":"canary-first","actions":{"automation":"deny"}},{"id":"image-change","params":{"containers":"all"}}]}`,
	}
}

// TestAssemblyEqualsRego evaluates all examples with findings put together in Go, and by the library alone.
func TestAssemblyEqualsRego(t *testing.T) {
	t.Parallel()
	decider, all := builtIn(t)
	for name, spec := range assembledUnder() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := configOf(guardrailsOf(t, decider, spec), decider.library)
			if err != nil {
				t.Fatal(err)
			}
			inRego := builtInProgram(t, decider, config)
			putInGo := inGo(builtInProgram(t, decider, config))
			findings := 0
			for _, example := range all {
				inv := inventoryOf(t, decider, example)
				for _, each := range example.Documents {
					request := reviewOf(t, each)
					want := foundBy(t, inRego, decider, request, inv)
					if diff := cmp.Diff(want, foundBy(t, putInGo, decider, request, inv)); diff != "" {
						t.Errorf("%s (-Rego +Go):\n%s", example.File, diff)
					}
					findings += len(want)
				}
			}
			t.Logf("%d findings", findings)
		})
	}
}

func foundBy(t *testing.T, evaluator *planEvaluator, decider *Engine, request Request, inv inventory.Inventory) []Finding {
	t.Helper()
	input, err := request.input(&lazy.Reader{})
	if err != nil {
		t.Fatal(err)
	}
	txn := newTransaction(inv)
	txn.request = evaluated(input, request)
	found, err := evaluator.evaluate(t.Context(), decider.rules.of(request.kind()), input, txn)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// builtInProgram is the program of the library under these Guardrails, with all that it does in Rego.
func builtInProgram(t testing.TB, decider *Engine, guardrails ast.Value) *planEvaluator {
	t.Helper()
	_, stored, _ := strings.Cut(builtin, "\n")
	program, err := plan.Decode(stored)
	if err != nil {
		t.Fatal(err)
	}
	return &planEvaluator{library: decider.library, data: &store{guardrails: guardrails}, program: program}
}

// FuzzAssembly holds what Go makes of anything that a rule may say to what Rego makes of it.
func FuzzAssembly(f *testing.F) {
	decider, _ := builtIn(f)
	guardrails, err := ast.InterfaceToValue(map[string]any{"kind": "Guardrails", "spec": map[string]any{
		"profile": "strict", "match": map[string]any{"namespaces": []any{"*"}},
		"rules": []any{map[string]any{"id": "one", "action": "audit"}, map[string]any{"id": "two", "params": map[string]any{"limit": 3}}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	programs := map[string][2]*planEvaluator{}
	for name, config := range map[string]ast.Value{"none": ast.NewObject(), "some": guardrails} {
		programs[name] = [2]*planEvaluator{builtInProgram(f, decider, config), inGo(builtInProgram(f, decider, config))}
	}
	rule := `{"fix":"do it","severity":"deny","confirm":true,"dataLoss":true,"profile":{"strict":"warn"},"aliases":["two"],"params":{"limit":{"default":1}}}`
	entry := `{"operation":"UPDATE","kind":"StatefulSet","group":"apps","namespace":"shop","name":"db","resource":"statefulsets","subresource":"","time":"2026-11-23T12:00:00Z",` +
		`"user":{"username":"alice"},"planned":false,"options":{},"object":{"metadata":{"name":"db"},"spec":{"replicas":1,"list":[1,2]}},"old":{"metadata":{"name":"db"},"spec":{"replicas":2,"list":[1,3]}}}`
	for _, found := range []string{
		`{"path":["spec","replicas"],"what":"is wrong"}`,
		`{"path":[],"what":"is wrong","fix":"undo it."}`,
		`{"path":["a b","0",0,1.5,-1,null],"what":"x"}`,
		`{"path":["metadata"],"what":"x","touched":false,"severity":"warn"}`,
		`{"path":["metadata"],"what":"x","touched":null}`,
		`{"path":["metadata"],"what":"x","fields":[["spec","list",1],["spec","list",0]],"others":[{"kind":"Pod","namespace":"shop","name":"db-0"}]}`,
		`{"path":["metadata"],"what":3,"scoped":true,"confirm":false}`,
		`{"path":["metadata"],"what":"x","confirm":"yes","patch":[{"op":"remove","path":"/a"}],"silent":true}`,
		`{"path":["metadata"],"what":"x","severity":false,"patch":[]}`,
	} {
		f.Add(found, rule, entry, "one")
		f.Add(found, `{"fix":"do it"}`, entry, "three")
	}
	f.Add(`{"path":["spec"],"what":"x","outside":true}`, `{"fix":1,"aliases":"two","profile":[]}`, `{"operation":"DELETE","old":{},"object":null}`, "")
	f.Fuzz(func(t *testing.T, found, custom, entry, id string) {
		said, stated, about := valueOfJSON(found), valueOfJSON(custom), valueOfJSON(entry)
		if said == nil || stated == nil || about == nil {
			return
		}
		texts := func(texts ...string) (values lazy.Value) {
			var each []lazy.Value
			for _, text := range texts {
				each = append(each, lazy.Text(text))
			}
			return lazy.Array(each)
		}
		link := lazy.NewNames("annotations", "path")
		chain := lazy.Array([]lazy.Value{
			link.Object(lazy.NewNames("scope").Object(lazy.Text("rule")), texts("report")),
			link.Object(lazy.NewNames("custom", "scope").Object(stated, lazy.Text("package")), texts("data", id)),
		})
		for name, both := range programs {
			for path := range both[1].assembly.Functions() {
				args := argsFor(path, chain, about, said)
				want, wantErr := calledIn(t, both[0], path, args)
				got, err := calledIn(t, both[1], path, args)
				if (wantErr == nil) != (err == nil) {
					t.Fatalf("%s with Guardrails %s: error %v, in Rego %v", path, name, err, wantErr)
				}
				if wantErr == nil && want != got {
					t.Errorf("%s with Guardrails %s:\n in Rego %s\n in Go   %s", path, name, want, got)
				}
			}
		}
	})
}

// argsFor are the arguments of a function of the library.
func argsFor(path string, chain, entry, found lazy.Value) []lazy.Value {
	switch path[strings.LastIndex(path, ".")+1:] {
	case "param":
		return []lazy.Value{chain, lazy.Text("limit")}
	case "level":
		return []lazy.Value{found}
	case "field":
		return []lazy.Value{valueOr(lazy.Find(found, "path"), ast.InternedNullTerm)}
	default:
		return []lazy.Value{chain, entry, found}
	}
}

// calledIn is what a function of the library gives, as text; empty where it is undefined.
func calledIn(t *testing.T, evaluator *planEvaluator, path string, args []lazy.Value) (string, error) {
	t.Helper()
	run := evaluator.start(t.Context(), lazy.Object(), newTransaction(inventory.NewSnapshot("default", nil)))
	defer run.End()
	value, err := run.Call(path, args...)
	if value == nil || err != nil {
		return "", err
	}
	return value.String(), nil
}

func valueOfJSON(text string) lazy.Value {
	var plain map[string]any
	if json.Unmarshal([]byte(text), &plain) != nil || plain == nil {
		return nil
	}
	value, err := ast.InterfaceToValue(plain)
	if err != nil {
		return nil
	}
	return lazy.OfValue(value)
}

// TestAssemblyLeavesOtherLibrariesToRego: what another level would say is not known here.
func TestAssemblyLeavesOtherLibrariesToRego(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(files fstest.MapFS)
		inGo   bool
	}{
		"as built in":             {func(fstest.MapFS) {}, true},
		"another level":           {func(files fstest.MapFS) { replaceIn(files, "lib/config.rego", `:= "baseline"`, `:= "strict"`) }, false},
		"another text":            {func(files fstest.MapFS) { replaceIn(files, "lib/result.rego", `. Fix: %s`, `. Do: %s`) }, false},
		"a function in two files": {func(files fstest.MapFS) { files["lib/more.rego"] = &fstest.MapFile{Data: []byte(more)} }, false},
		"another rule":            {func(files fstest.MapFS) { replaceIn(files, "rules/scale/quorum/quorum.rego", "title: ", "title: The ") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := builtInFiles(t)
			test.change(files)
			library, err := policies.Load(files)
			if err != nil {
				t.Fatal(err)
			}
			decider, err := New(t.Context(), library, nil)
			if err != nil {
				t.Fatal(err)
			}
			if inGo := decider.evaluator.(*planEvaluator).assembly != nil; inGo != test.inGo {
				t.Errorf("findings are put together in Go: %v", inGo)
			}
		})
	}
}

const more = "package stateward.lib.result\n\nmore(x) := x\n"

func builtInFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(policies.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		content, err := fs.ReadFile(policies.Files(), name)
		files[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func replaceIn(files fstest.MapFS, name, before, after string) {
	files[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(files[name].Data), before, after, 1))}
}
