package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedappsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"

	"github.com/stateward/stateward/test/bench/contest/contestants"
	"github.com/stateward/stateward/test/bench/contest/corpus"
)

// judge is what decides about the requests in a namespace of an API server.
type judge struct {
	name, namespace string
	// by are the contestants that are asked there; the namespace is named after slug.
	by   []decider
	slug string
}

// decider is a contestant behind an API server.
type decider struct {
	slug string
	// decides says that it has the common rules.
	decides bool
}

// judges puts every contestant behind the main API server, each in a namespace of its own, and returns when all are asked
// there. The first judge is none: the API server alone.
func (f *field) judges(ctx context.Context) ([]judge, error) {
	var err error
	if f.api, err = newAPIClients(f.arena.Main.Config(), &f.dialed); err != nil {
		return nil, err
	}
	policy := decider{slug: contestants.Policy, decides: true}
	// Stateward begins: the API server asks policies first, so that their denials hide those of webhooks.
	both := []decider{{slug: contestants.Common, decides: true}, policy}
	judges := []judge{
		{name: "none", slug: "none"},
		{name: "ValidatingAdmissionPolicy", slug: policy.slug, by: []decider{policy}},
		{name: "ValidatingAdmissionPolicy and Stateward", slug: "both", by: both},
	}
	if err := f.arena.ApplyPolicy(ctx); err != nil {
		return nil, err
	}
	for _, contestant := range f.arena.Contestants {
		if err := f.arena.Register(ctx, contestant); err != nil {
			return nil, err
		}
		by := []decider{{slug: contestant.Slug, decides: contestant.Decides}}
		judges = append(judges, judge{name: contestant.Name, slug: contestant.Slug, by: by})
	}
	for index := range judges {
		if err := f.open(ctx, &judges[index]); err != nil {
			return nil, fmt.Errorf("%s: %w", judges[index].name, err)
		}
	}
	return judges, nil
}

// open makes the namespace of a judge with what is updated, scaled and deleted in it, and waits until its contestants decide.
func (f *field) open(ctx context.Context, judge *judge) (err error) {
	if judge.namespace, err = f.arena.Namespace(ctx, judge.slug); err != nil {
		return err
	}
	sets := f.arena.Main.Client.AppsV1().StatefulSets(judge.namespace)
	for _, set := range existing() {
		if _, err := sets.Create(ctx, set, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	sets = f.api[0].StatefulSets(judge.namespace)
	for _, decider := range judge.by {
		if err := f.arena.Judge(ctx, judge.namespace, decider.slug); err != nil {
			return err
		}
		if err := f.waitForDenials(ctx, sets, decider); err != nil {
			return err
		}
	}
	for _, request := range requestsOf(corpus.ClientOf(0, sent)) {
		if err := request.send(ctx, sets); err != nil {
			return fmt.Errorf("%s: want it allowed: %w", request.what, err)
		}
	}
	return nil
}

// waitForDenials returns when the API server denies what breaks a rule, and names the decider. One that does not decide
// allows everything.
func (f *field) waitForDenials(ctx context.Context, sets typedappsv1.StatefulSetInterface, decider decider) error {
	if !decider.decides {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, inForce)
	defer cancel()
	for _, request := range deniedRequests() {
		for {
			err := request.send(ctx, sets)
			if isDenialOf(err, decider.slug) {
				break
			}
			if err != nil || ctx.Err() != nil {
				return fmt.Errorf("%s: want a denial by %s: %w", request.what, decider.slug, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}
