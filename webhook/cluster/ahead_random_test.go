package cluster

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
)

// versions are those of objects, by RESOURCE/NAME; all are in one namespace.
type versions map[string]string

// store answers reads with what is stored.
type store struct {
	client.Reader
	stored versions
	// fails are reads that are refused, hangs those that end with their context.
	fails, hangs map[string]bool
	// takes is how long a read takes.
	takes time.Duration

	mutex sync.Mutex
	// reads are all that were made, under those that are under way, and most the highest number of them.
	reads       []string
	under, most int
	// late are reads that ran into their own deadline.
	late []string
}

// read does one read, of one object or of a resource.
func (s *store) read(ctx context.Context, what string) error {
	s.mutex.Lock()
	s.reads = append(s.reads, what)
	s.under++
	s.most = max(s.most, s.under)
	s.mutex.Unlock()
	if s.hangs[what] {
		<-ctx.Done()
	}
	time.Sleep(s.takes)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.under--
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		s.late = append(s.late, what)
		return ctx.Err()
	case s.fails[what]:
		return errRefused
	}
	return ctx.Err()
}

func (s *store) tooLate() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.late
}

func (s *store) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	resource := resourceOf(into.GetObjectKind())
	what := resource + "/" + key.Name
	if err := s.read(ctx, what); err != nil {
		return err
	}
	version, is := s.stored[what]
	if !is {
		return apierrors.NewNotFound(schema.GroupResource{Resource: resource}, key.Name)
	}
	found, _ := into.(*unstructured.Unstructured)
	found.Object = madeObject(resource, key.Name, version).Object
	return nil
}

func (s *store) List(ctx context.Context, into client.ObjectList, _ ...client.ListOption) error {
	list, _ := into.(*unstructured.UnstructuredList)
	resource := resourceOf(list)
	if err := s.read(ctx, resource); err != nil {
		return err
	}
	for what, version := range s.stored {
		if of, name, _ := strings.Cut(what, "/"); of == resource {
			list.Items = append(list.Items, *madeObject(resource, name, version))
		}
	}
	return nil
}

// inventory has the cached versions in its caches, and the store behind it.
func (s *store) inventory(t *testing.T, cached versions) *Inventory {
	t.Helper()
	return inventoryBehind(t, s, cached)
}

// inventoryBehind has these versions in its caches, and an API server behind it.
func inventoryBehind(t *testing.T, live client.Reader, cached versions) *Inventory {
	t.Helper()
	inv := &Inventory{live: live, resources: map[string]watched{}, decoded: lru.New(decodedObjects)}
	for _, name := range []string{"statefulsets", "services", "storageclasses", policies.Confirmations} {
		resource, _ := policies.LookupResource(name)
		var objects []*unstructured.Unstructured
		for what, version := range cached {
			if of, object, _ := strings.Cut(what, "/"); of == name {
				objects = append(objects, madeObject(name, object, version))
			}
		}
		inv.resources[name] = watched{Resource: resource, objects: indexerOf(t, resource, objects)}
	}
	return inv
}

func resourceOf(kind schema.ObjectKind) string {
	of := strings.TrimSuffix(kind.GroupVersionKind().Kind, "List")
	for _, each := range policies.Resources() {
		if each.Kind == of {
			return each.Name
		}
	}
	return ""
}

// madeObject is an object whose Service and replicas depend on its version, or a Confirmation of the deletion of a Service.
func madeObject(resource, name, version string) *unstructured.Unstructured {
	known, _ := policies.LookupResource(resource)
	made := object(known)
	if known.Namespaced {
		made.SetNamespace("data")
	}
	made.SetName(name)
	made.SetResourceVersion(version)
	made.Object["spec"] = map[string]any{"serviceName": string("ab"[hash(name, version)%2]), "replicas": int64(hash(version, name) % 3)}
	if resource == policies.Confirmations {
		made.Object["spec"] = map[string]any{
			"operations": []any{"delete"}, "objects": []any{map[string]any{"kind": "Service", "name": name}},
			"until": "2026-01-01T00:30:00Z", "confirmedBy": "alice",
		}
	}
	return made
}

func hash(texts ...string) uint32 {
	sum := fnv.New32a()
	for _, each := range texts {
		_, _ = sum.Write([]byte(each + "\x00"))
	}
	return sum.Sum32()
}

// rule looks up a number of things, each of which depends on what was found before, until an error.
func rule(ctx context.Context, inv inventory.Live, seed string, steps int) (found []string) {
	for range steps {
		asked, value, err := lookUp(ctx, inv, hash(append(found, seed)...))
		if err != nil {
			return append(found, asked+": "+err.Error())
		}
		found = append(found, fmt.Sprintf("%s: %v", asked, value))
	}
	return found
}

func lookUp(ctx context.Context, inv inventory.Live, choice uint32) (asked string, value ast.Value, err error) {
	name, version := string("ab"[choice/7%2]), []string{"", "1", "2"}[choice/14%3]
	switch choice % 7 {
	case 0:
		value, err = inv.Get(ctx, "services", "data", name)
		return "service " + name, value, err
	case 1:
		value, err = inv.Get(ctx, "storageclasses", "", name)
		return "class " + name, value, err
	case 2:
		value, err = inv.Get(ctx, "statefulsets", "data", name)
		return "set " + name, value, err
	case 3:
		value, err = inv.GetAtVersion(ctx, "statefulsets", "data", name, version)
		return "set " + name + " at " + version, value, err
	case 4:
		value, err = inv.Governed(ctx, "data", name)
		return "governed by " + name, value, err
	case 5:
		value, err = inv.List(ctx, "statefulsets", "data")
		return "sets", value, err
	default:
		value, err = inv.List(ctx, policies.Confirmations, "data")
		return "confirmations", value, err
	}
}

// randomCluster returns what is stored, caches that are behind, and reads that fail.
func randomCluster(dice *rand.Rand) (stored, cached versions, fails map[string]bool) {
	stored, cached, fails = versions{}, versions{}, map[string]bool{}
	for _, resource := range []string{"statefulsets", "services", "storageclasses", policies.Confirmations} {
		for _, name := range []string{"a", "b"} {
			what := resource + "/" + name
			if dice.IntN(2) == 0 {
				stored[what] = []string{"1", "2"}[dice.IntN(2)]
			}
			if behind := dice.IntN(3); behind == 0 {
				cached[what] = "1"
			} else if version, is := stored[what]; is && behind == 1 {
				cached[what] = version
			}
			fails[what] = dice.IntN(20) == 0
		}
		fails[resource] = dice.IntN(20) == 0
	}
	return stored, cached, fails
}

// TestAheadFindsWhatSequentialLookUpsFind also has reads hang that only a wrong guess leads to.
func TestAheadFindsWhatSequentialLookUpsFind(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		dice := rand.New(rand.NewPCG(seed, 0))
		stored, cached, fails := randomCluster(dice)
		text, steps := strconv.FormatUint(seed, 10), 1+dice.IntN(12)

		one := &store{stored: stored, fails: fails}
		want := rule(t.Context(), one.inventory(t, cached), text, steps)

		hangs := map[string]bool{}
		for _, resource := range []string{"services", "storageclasses", policies.Confirmations} {
			for _, what := range []string{resource, resource + "/a", resource + "/b"} {
				hangs[what] = !slices.Contains(one.reads, what)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		all := &store{stored: stored, fails: fails, hangs: hangs}
		ahead, settle := all.inventory(t, cached).Ahead(ctx)
		got, rounds := rule(ctx, ahead, text, steps), 1
		for ; !settle(); rounds++ {
			got = rule(ctx, ahead, text, steps)
		}
		cancel()
		if diff := cmp.Diff(want, got); diff != "" || rounds > mostGuesses+1 {
			t.Fatalf("seed %d, after %d evaluations (-want +got):\n%s", seed, rounds, diff)
		}
		if late := all.tooLate(); len(late) > 0 {
			t.Fatalf("seed %d waited for %q, which the decision does not need", seed, late)
		}
	}
}

// TestAheadBoundsItsReads names more objects than may be read at a time.
func TestAheadBoundsItsReads(t *testing.T) {
	t.Parallel()
	const classes = 10 * mostReads
	for name, test := range map[string]struct {
		stored versions
		found  int
	}{
		"none is there":      {nil, 0},
		"the first is there": {versions{"storageclasses/0": "1"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &store{stored: test.stored, takes: time.Millisecond}
				ahead, settle := server.inventory(t, nil).Ahead(t.Context())
				found := countClasses(t.Context(), ahead, classes)
				for !settle() {
					found = countClasses(t.Context(), ahead, classes)
				}
				if found != test.found || len(server.reads) != classes || server.most != mostReads {
					t.Errorf("found %d of %d after %d reads, %d at a time: want %d", found, classes, len(server.reads), server.most, test.found)
				}
			})
		})
	}
}

// countClasses is how many StorageClasses there are of a number, or -1 for an error.
func countClasses(ctx context.Context, inv inventory.Live, number int) (found int) {
	for class := range number {
		value, err := inv.Get(ctx, "storageclasses", "", strconv.Itoa(class))
		if err != nil {
			return -1
		}
		if value != nil {
			found++
		}
	}
	return found
}
