// Package entrypoints_test tries each kind of loss at each entry point of a real API server, and keeps what comes of it in
// README.md beside it.
package entrypoints_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

var update = flag.Bool("update", false, "write the outcomes to README.md and cells.json")

// patience is how long a cell is asked again for what the page says: caches of the webhook lag behind what was just made.
const patience = 10 * time.Second

// cells are outcomes, by the title of the kind and the entry point.
type cells map[string]map[string]string

// matrix is a run of the test.
type matrix struct {
	*environment.Environment
	coverage
	offered []entry
	before  cells

	mu  sync.Mutex
	now cells
}

func TestMain(m *testing.M) {
	flag.Parse()
	// The test waits for the cluster more than it computes.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	log.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// TestEntryPointsAnswerEveryLossAsRecorded fails when a cell of the page changes, when an entry point has no cell, and when
// a loss is allowed without a reason.
func TestEntryPointsAnswerEveryLossAsRecorded(t *testing.T) {
	guarded := environment.ForTest(t)
	before, err := committed()
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{Environment: guarded, coverage: coverage{asked: map[string]bool{}}, before: before, now: cells{}}
	if err := m.discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.playAtOnce(t, "kinds", scenes())
	// A cluster has one Guardrails object only, so these wait for the others.
	for _, each := range scenesOfGuardrails() {
		t.Run(each.name, func(t *testing.T) { m.play(t, each) })
	}
	if err := m.optIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.playAtOnce(t, "opted-in", scenesOfOptInRules())
	if t.Failed() && !*update {
		return
	}
	for _, problem := range m.missing(m.offered) {
		t.Error(problem)
	}
	keep(t, m.before, m.now)
}

// discover makes what all scenes use, with the definition of an owner, and asks the API server what it offers.
func (m *matrix) discover(ctx context.Context) (err error) {
	s, err := newStage(ctx, m.Environment, "discovery")
	if err != nil {
		return err
	}
	if err := s.make(ctx, builders.GrowingClass(growing)); err != nil {
		return err
	}
	if err := makeDefinition(ctx, s); err != nil {
		return err
	}
	if err := makeSnapshotDefinitions(ctx, s); err != nil {
		return err
	}
	library, err := policies.Embedded()
	if err != nil {
		return err
	}
	m.offered, err = entries(m.Client.Discovery(), registered(library))
	return err
}

func (m *matrix) playAtOnce(t *testing.T, name string, scenes []scene) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, each := range scenes {
			t.Run(each.name, func(t *testing.T) {
				t.Parallel()
				m.play(t, each)
			})
		}
	})
}

func (m *matrix) play(t *testing.T, each scene) {
	t.Helper()
	s, err := newStage(t.Context(), m.Environment, each.name)
	if err == nil {
		err = each.build(t.Context(), s)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range each.kinds {
		if err := m.try(t, s, kind); err != nil {
			t.Errorf("%s: %v", kind.title, err)
		}
	}
}

// try asks for a loss at every entry point: as a dry run, and for good where the dry run says that nothing is lost. The first entry point
// that lets it through is then used for good, too: what it takes can be lost only once.
func (m *matrix) try(t *testing.T, s *stage, k kind) error {
	t.Helper()
	var through *attempt
	tried := 0
	for _, offered := range m.offered {
		if offered.resource != k.resource {
			continue
		}
		for _, verb := range offered.writing() {
			for _, entryPoint := range entryPoints(k.operation, offered.subresource, verb) {
				a := &attempt{m, s, k, offered, entryPoint}
				got, err := a.settled(t.Context())
				if err != nil {
					return fmt.Errorf("%s: %w", entryPoint, err)
				}
				m.add(offered, verb)
				tried++
				lets := strings.HasPrefix(got, allowed) || strings.HasPrefix(got, warned)
				if lets && through == nil {
					through = a
				}
				if !lets {
					if err := a.really(t.Context(), got); err != nil {
						return err
					}
				}
				m.record(t, a, got)
			}
		}
	}
	if tried == 0 {
		return fmt.Errorf("the API server offers no entry point of %s for it", k.resource)
	}
	if through != nil {
		return through.really(t.Context(), m.raw(through))
	}
	return nil
}

// record keeps an outcome, with its reason if it needs one.
func (m *matrix) record(t *testing.T, a *attempt, got string) {
	t.Helper()
	if got == allowed {
		got = m.explained(t, a)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now[a.kind.title] == nil {
		m.now[a.kind.title] = map[string]string{}
	}
	m.now[a.kind.title][a.entryPoint.String()] = got
}

func (m *matrix) explained(t *testing.T, a *attempt) string {
	t.Helper()
	key, has := a.kind.reasons[a.entryPoint.String()]
	if !has {
		key = a.kind.reasons[""]
	}
	reason, known := reasons()[key]
	if !known {
		t.Errorf("%s: %s: it is allowed, and nothing says why: mend the rule, or name a reason", a.kind.title, a.entryPoint)
		return open
	}
	if reason.open {
		return open + ": " + key
	}
	return allowed + ": " + key
}

// raw is a recorded outcome as the API server gave it.
func (m *matrix) raw(a *attempt) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.now[a.kind.title][a.entryPoint.String()]
	if strings.HasPrefix(got, allowed) || strings.HasPrefix(got, open) {
		return allowed
	}
	return got
}

// attempt is a kind of loss at an entry point.
type attempt struct {
	matrix     *matrix
	stage      *stage
	kind       kind
	entry      entry
	entryPoint entryPoint
}

// settled is the outcome of a dry run, once the caches have seen what was made: what the page says, or what stays the same.
func (a *attempt) settled(ctx context.Context) (string, error) {
	want := a.matrix.before[a.kind.title][a.entryPoint.String()]
	if strings.HasPrefix(want, allowed) || strings.HasPrefix(want, open) {
		want = allowed
	}
	dry := []string{metav1.DryRunAll}
	if a.kind.dryDiffers {
		dry = nil
	}
	var last string
	same := 0
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		got, err := a.ask(ctx, dry)
		if err != nil && time.Now().After(end) {
			return "", err
		}
		if err == nil && got == last {
			same++
		} else {
			same = 0
		}
		last = got
		switch {
		case err != nil:
		case *update && same == 2, !*update && got == want, time.Now().After(end):
			return got, nil
		}
	}
}

// really asks without dry run, and wants the same outcome.
func (a *attempt) really(ctx context.Context, want string) error {
	got, err := a.ask(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: without dry run: %w", a.entryPoint, err)
	}
	if got != want {
		return fmt.Errorf("%s: without dry run it is %q, with dry run %q", a.entryPoint, got, want)
	}
	return nil
}

// ask sends one request, again if the object changed in between.
func (a *attempt) ask(ctx context.Context, dry []string) (string, error) {
	for range 20 {
		warnings := &heard{}
		result, err := a.once(ctx, warnings, dry)
		if a.entryPoint.verb == "update" && apierrors.IsConflict(err) {
			continue
		}
		if err != nil || a.kind.operation != change || result.after == nil {
			return outcome(err, warnings.warnings, true)
		}
		effective, err := changed(result.patch, result.before, result.after)
		if err != nil {
			return "", err
		}
		return outcome(nil, warnings.warnings, effective)
	}
	return "", fmt.Errorf("the object changed again and again")
}

// once sends one request, and returns it with the object as it is then.
func (a *attempt) once(ctx context.Context, warnings *heard, dry []string) (request, error) {
	client, err := dynamic.NewForConfig(person(a.matrix.Config(), warnings))
	if err != nil {
		return request{}, err
	}
	r := request{api: client.Resource(a.entry.gvr()), grace: a.kind.grace, dry: dry}
	if a.entry.namespaced {
		r.api = client.Resource(a.entry.gvr()).Namespace(a.stage.namespace)
	}
	if err := a.prepare(ctx, &r); err != nil {
		return request{}, fmt.Errorf("prepare the request: %w", err)
	}
	r.after, err = a.entryPoint.send(ctx, r)
	return r, err
}

// prepare fills in what the entry point needs.
func (a *attempt) prepare(ctx context.Context, r *request) (err error) {
	if a.kind.operation == creation {
		if r.after, err = toUnstructured(a.kind.object(a.stage)); err != nil {
			return err
		}
		a.stage.place(r.after)
		r.name = r.after.GetName()
		return nil
	}
	if r.name, err = a.kind.target(ctx, a.stage); err != nil || a.kind.operation == deletion {
		return err
	}
	whole, err := r.api.Get(ctx, r.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if r.patch, err = a.kind.edit(whole); err != nil {
		return err
	}
	if r.before, err = a.shown(ctx, r, whole); err != nil {
		return err
	}
	r.after, err = patched(r.before, r.patch)
	return err
}

// shown is the object as the entry point's subresource shows it, if it does.
func (a *attempt) shown(ctx context.Context, r *request, whole *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if a.entryPoint.subresource == "" || !slices.Contains(a.entry.verbs, "get") {
		return whole, nil
	}
	return r.api.Get(ctx, r.name, metav1.GetOptions{}, a.entryPoint.subresource)
}
