package cluster

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
)

var errRefused = errors.New("connection refused")

// apiServer answers reads as one does, and lists them.
type apiServer struct {
	client.Reader
	// stored are the resourceVersions of what there is, by name.
	stored map[string]string
	fails  map[string]error
	panics bool
	// meets is how many reads wait for one another, so that they must be under way together.
	meets sync.WaitGroup

	mutex sync.Mutex
	reads []string
}

func (s *apiServer) answer(ctx context.Context, what string) error {
	s.mutex.Lock()
	s.reads = append(s.reads, what)
	s.mutex.Unlock()
	if s.panics {
		panic("the connection is gone")
	}
	met := make(chan struct{})
	go func() { s.meets.Done(); s.meets.Wait(); close(met) }()
	select {
	case <-met:
		return s.fails[what]
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *apiServer) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if err := s.answer(ctx, key.Name); err != nil {
		return err
	}
	version, is := s.stored[key.Name]
	if !is {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	into.SetName(key.Name)
	into.SetResourceVersion(version)
	return nil
}

func (s *apiServer) List(ctx context.Context, into client.ObjectList, _ ...client.ListOption) error {
	if err := s.answer(ctx, "all"); err != nil {
		return err
	}
	list, _ := into.(*unstructured.UnstructuredList)
	for name, version := range s.stored {
		each := unstructured.Unstructured{}
		each.SetName(name)
		each.SetResourceVersion(version)
		list.Items = append(list.Items, each)
	}
	return nil
}

// setsAndServices has these versions of StatefulSets in its cache.
func setsAndServices(t *testing.T, server *apiServer, cached map[string]string) *Inventory {
	t.Helper()
	sets := versions{}
	for name, version := range cached {
		sets["statefulsets/"+name] = version
	}
	return inventoryBehind(t, server, sets)
}

// asked returns what an evaluation finds that asks these: the version of an object, or the number of a list.
func asked(ctx context.Context, inv inventory.Live, questions ...string) (found []string) {
	for _, question := range questions {
		var value ast.Value
		var err error
		switch question {
		case "confirmations", "statefulsets":
			value, err = inv.List(ctx, question, "data")
		case "db":
			value, err = inv.GetAtVersion(ctx, "statefulsets", "data", question, "")
		default:
			value, err = inv.Get(ctx, "services", "data", question)
		}
		list, _ := value.(ast.Object)
		switch {
		case err != nil:
			found = append(found, "error")
		case value == nil:
			found = append(found, "none")
		case inventory.Version(value) != "":
			found = append(found, inventory.Version(value))
		case list.Len() == 0:
			found = append(found, "empty")
		default:
			found = append(found, "some")
		}
	}
	return found
}

func TestAheadIsRightInTheEnd(t *testing.T) {
	t.Parallel()
	type evaluation struct {
		Found []string
		Right bool
	}
	everything := []string{"db", "web", "confirmations", "web"}
	for name, test := range map[string]struct {
		cached, stored map[string]string
		fails          map[string]error
		panics         bool
		ask            []string
		want           []evaluation
	}{
		"the caches are right": {
			cached: map[string]string{"db": "1"}, stored: map[string]string{"db": "1"}, ask: []string{"db", "web", "web"},
			want: []evaluation{{[]string{"1", "none", "none"}, true}},
		},
		"a later version, what is not cached yet, and a confirmation": {
			cached: map[string]string{"db": "1"}, stored: map[string]string{"db": "2", "web": "7"}, ask: everything,
			want: []evaluation{{[]string{"1", "none", "empty", "none"}, false}, {[]string{"2", "7", "some", "7"}, true}},
		},
		"one that is gone": {
			cached: map[string]string{"db": "1"}, ask: []string{"db"},
			want: []evaluation{{[]string{"1"}, false}, {[]string{"none"}, true}},
		},
		"a namespace that has a StatefulSet by now": {
			stored: map[string]string{"db": "1"}, ask: []string{"statefulsets"},
			want: []evaluation{{[]string{"empty"}, false}, {[]string{"some"}, true}},
		},
		"an API server that does not answer": {
			cached: map[string]string{"db": "1"}, ask: everything,
			fails: map[string]error{"db": errRefused, "web": errRefused, "all": errRefused},
			want:  []evaluation{{[]string{"1", "none", "empty", "none"}, false}, {[]string{"error", "error", "error", "error"}, true}},
		},
		"a read that panics": {
			panics: true, ask: []string{"web"},
			want: []evaluation{{[]string{"none"}, false}, {[]string{"error"}, true}},
		},
		"nothing to ask": {want: []evaluation{{nil, true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &apiServer{stored: test.stored, fails: test.fails, panics: test.panics}
			once := slices.Compact(slices.Sorted(slices.Values(test.ask)))
			server.meets.Add(len(once))
			inv, settle := setsAndServices(t, server, test.cached).Ahead(t.Context())
			var got []evaluation
			for len(got) == 0 || !got[len(got)-1].Right {
				found := asked(t.Context(), inv, test.ask...)
				got = append(got, evaluation{found, settle()})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("evaluations (-want +got):\n%s", diff)
			}
			if len(server.reads) != len(once) {
				t.Errorf("read %q: want each once", server.reads)
			}
		})
	}
}

func TestAheadForgetsWhatAWrongGuessAskedFor(t *testing.T) {
	t.Parallel()
	server := &apiServer{stored: map[string]string{"web": "7"}, fails: map[string]error{"other": errRefused}}
	server.meets.Add(2)
	inv, settle := setsAndServices(t, server, nil).Ahead(t.Context())
	if found := asked(t.Context(), inv, "web", "other"); settle() {
		t.Fatalf("%q counts", found)
	}
	if found := asked(t.Context(), inv, "web"); !settle() || !slices.Equal(found, []string{"7"}) {
		t.Errorf("found %q: want the version 7, and no error", found)
	}
}

// TestAheadStopsGuessing has each evaluation ask for something else that the cache lacks.
func TestAheadStopsGuessing(t *testing.T) {
	t.Parallel()
	server := &apiServer{stored: map[string]string{}}
	inv, settle := setsAndServices(t, server, nil).Ahead(t.Context())
	for round := range mostGuesses {
		name := strconv.Itoa(round)
		server.stored[name] = name
		server.meets.Add(1)
		if found := asked(t.Context(), inv, name); settle() {
			t.Fatalf("%q counts", found)
		}
	}
	server.stored["last"] = "9"
	server.meets.Add(1)
	if found := asked(t.Context(), inv, "last"); !settle() || !slices.Equal(found, []string{"9"}) {
		t.Errorf("found %q: want the version 9, at once", found)
	}
}

func TestAheadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := &apiServer{}
	// One read too few: they would wait for ever.
	server.meets.Add(2)
	ctx, cancel := context.WithCancel(t.Context())
	inv, settle := setsAndServices(t, server, nil).Ahead(ctx)
	asked(ctx, inv, "web")
	cancel()
	if settle() {
		t.Error("an answer that never came counts")
	}
	server.meets.Done()
}

// TestAheadEndsBesideAReadThatDoesNot has a read that heeds no context, as discovery does.
func TestAheadEndsBesideAReadThatDoesNot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	inv, settle := (&Inventory{}).Ahead(ctx)
	ahead, _ := inv.(*Inventory)
	ask := func() error {
		_, err := ahead.questions.ask(ctx, []string{"confirmations", "data"}, nil, func(context.Context) (ast.Value, error) {
			<-t.Context().Done()
			return nil, nil
		})
		return err
	}
	if err := ask(); err != nil || settle() {
		t.Errorf("an answer that never came counts: %v", err)
	}
	if err := ask(); !errors.Is(err, engine.ErrDeadline) || !settle() {
		t.Errorf("got %v: want that the time is over", err)
	}
}
