package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedappsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/test/bench/contest/contestants"
	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/measure"
	"github.com/stateward/stateward/test/bench/contest/report"
)

const (
	// mostClients ask the API server at the same time.
	mostClients = 25
	// size of the StatefulSets in KiB, as they are stored, and what of it their clients send. The rest are managedFields.
	size, sent = 9, 7
)

// request is a dry run, so that each can be sent again and again.
type request struct {
	what string
	send func(context.Context, typedappsv1.StatefulSetInterface) error
}

// requestsOf returns what is measured of one client. All of it is allowed.
func requestsOf(client corpus.Client) []request {
	return []request{
		{fmt.Sprintf("create of %d KiB", size), creates(client.New)},
		{fmt.Sprintf("update of %d KiB", size), updates(client.Changed)},
		{"scale", scales(client.Scaled)},
		{"delete", deletes(client.Idle)},
	}
}

// deniedRequests break the common rules, each rule once and with each kind of request.
func deniedRequests() []request {
	existing := corpus.ClientOf(0, sent).Existing
	requests := []request{
		{"update with a fault", updates(corpus.Broken(existing))},
		{"scale to 1", scales(corpus.ScaleOf(existing, 1))},
		{"delete with a fault", deletes(corpus.Undeletable())},
	}
	for rule, set := range corpus.Bad() {
		set.Namespace = ""
		requests = append(requests, request{"create against " + rule, creates(set)})
	}
	return requests
}

// existing is what the requests are about.
func existing() []*appsv1.StatefulSet {
	sets := []*appsv1.StatefulSet{corpus.Undeletable()}
	for number := range mostClients {
		client := corpus.ClientOf(number, sent)
		sets = append(sets, client.Existing, client.Idle)
	}
	return sets
}

func creates(set *appsv1.StatefulSet) func(context.Context, typedappsv1.StatefulSetInterface) error {
	return func(ctx context.Context, sets typedappsv1.StatefulSetInterface) error {
		_, err := sets.Create(ctx, set, metav1.CreateOptions{DryRun: dryRun()})
		return err
	}
}

func updates(set *appsv1.StatefulSet) func(context.Context, typedappsv1.StatefulSetInterface) error {
	return func(ctx context.Context, sets typedappsv1.StatefulSetInterface) error {
		_, err := sets.Update(ctx, set, metav1.UpdateOptions{DryRun: dryRun()})
		return err
	}
}

func scales(scale *autoscalingv1.Scale) func(context.Context, typedappsv1.StatefulSetInterface) error {
	return func(ctx context.Context, sets typedappsv1.StatefulSetInterface) error {
		_, err := sets.UpdateScale(ctx, scale.Name, scale, metav1.UpdateOptions{DryRun: dryRun()})
		return err
	}
}

func deletes(set *appsv1.StatefulSet) func(context.Context, typedappsv1.StatefulSetInterface) error {
	return func(ctx context.Context, sets typedappsv1.StatefulSetInterface) error {
		return sets.Delete(ctx, set.Name, metav1.DeleteOptions{DryRun: dryRun()})
	}
}

func dryRun() []string { return []string{metav1.DryRunAll} }

// isDenialOf says that the contestant of this slug denied the request, and not another one or the API server itself.
func isDenialOf(err error, slug string) bool {
	return (apierrors.IsForbidden(err) || apierrors.IsInvalid(err)) && strings.Contains(err.Error(), contestants.Denial(slug))
}

// newAPIClients returns clients of an API server, each with an HTTP/2 connection of its own: over one connection they would
// wait for one another. They count the connections that they open.
func newAPIClients(config *rest.Config, dialed *atomic.Int64) (clients []typedappsv1.AppsV1Interface, err error) {
	for range mostClients {
		config := rest.CopyConfig(config)
		// They have no limit of their own, and what Stateward warns of is not printed.
		config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
		// Configurations with equal credentials would share a connection, but none has the dial function of another.
		config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialed.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		client, err := typedappsv1.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

// behind is one kind of request with a number of clients, measured of each judge in each round.
type behind struct {
	row *report.Row
	// kind is the place of the request among those of a client.
	kind int
	plan measure.Plan
}

// behinds are all that is measured through the API server.
func (f *field) behinds(results *report.Results) (all []behind) {
	warm := f.options.time / 4
	for _, each := range []behind{
		{row: &report.Row{Connections: 1}, plan: measure.Plan{WarmUp: warm, Time: f.options.time}},
		{row: &report.Row{Connections: mostClients}, plan: measure.Plan{WarmUp: warm, Time: f.options.time / 2}},
	} {
		for kind, request := range requestsOf(corpus.ClientOf(0, sent)) {
			row := &report.Row{What: request.what, Connections: each.row.Connections}
			results.Through = append(results.Through, row)
			all = append(all, behind{row: row, kind: kind, plan: each.plan})
		}
	}
	return all
}

// sendAll measures one kind of request before each judge. The first judge changes with each round.
func (f *field) sendAll(ctx context.Context, judges []judge, behind behind, round int) error {
	for index := range judges {
		judge := judges[(index+round)%len(judges)]
		sample, err := f.through(ctx, judge, behind)
		if err != nil {
			return fmt.Errorf("%s that %s judges: %w", behind.row.What, judge.name, err)
		}
		behind.row.Add(judge.name, sample)
	}
	return nil
}

// through lets each client send its request again as soon as it is answered.
func (f *field) through(ctx context.Context, judge judge, behind behind) (measure.Sample, error) {
	var calls []func(context.Context) error
	for number, client := range f.api[:behind.row.Connections] {
		sets, request := client.StatefulSets(judge.namespace), requestsOf(corpus.ClientOf(number, sent))[behind.kind]
		calls = append(calls, func(ctx context.Context) error { return request.send(ctx, sets) })
	}
	// An idle connection may be closed before, but not while it is measured.
	if _, err := measure.Busy(ctx, calls, behind.plan.WarmUp); err != nil {
		return measure.Sample{}, fmt.Errorf("warm up: %w", err)
	}
	before := f.dialed.Load()
	sample, err := measure.Busy(ctx, calls, behind.plan.Time)
	if more := f.dialed.Load() - before; err == nil && more > 0 {
		return sample, fmt.Errorf("%d of %d connections were not kept", more, len(calls))
	}
	return sample, err
}
