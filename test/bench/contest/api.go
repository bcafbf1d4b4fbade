package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/bench/contest/contestants"
	"github.com/stateward/stateward/test/bench/contest/corpus"
	"github.com/stateward/stateward/test/bench/contest/measure"
	"github.com/stateward/stateward/test/bench/contest/report"
)

// judge is who judges creations in a namespace of an API server.
type judge struct {
	name, namespace string
	// decides says that it has the common rules.
	decides bool
}

// judges puts everybody behind the main API server, each in a namespace of its own, and returns when all are asked there.
// The first judge is none: the API server alone.
func (f *field) judges(ctx context.Context) ([]judge, error) {
	judges := []judge{{name: "none"}, {name: "ValidatingAdmissionPolicy", decides: true}}
	slugs := []string{"none", contestants.Policy}
	if err := f.arena.ApplyPolicy(ctx); err != nil {
		return nil, err
	}
	for _, contestant := range f.arena.Contestants {
		if err := f.arena.Register(ctx, contestant); err != nil {
			return nil, err
		}
		judges = append(judges, judge{name: contestant.Name, decides: contestant.Decides})
		slugs = append(slugs, contestant.Slug)
	}
	for index, slug := range slugs {
		namespace, err := f.arena.Namespace(ctx, slug)
		if err != nil {
			return nil, err
		}
		judges[index].namespace = namespace
		if err := f.waitForJudge(ctx, judges[index]); err != nil {
			return nil, fmt.Errorf("%s: %w", judges[index].name, err)
		}
	}
	return judges, nil
}

// waitForJudge returns when the API server refuses what breaks a rule and takes what does not. Who does not decide is known to
// take all.
func (f *field) waitForJudge(ctx context.Context, judge judge) error {
	if judge.decides {
		ctx, cancel := context.WithTimeout(ctx, inForce)
		defer cancel()
		for rule, set := range corpus.Bad() {
			for {
				err := f.create(ctx, judge, set)
				if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
					break
				}
				if err != nil || ctx.Err() != nil {
					return fmt.Errorf("want a denial for %s: %w", rule, err)
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
	}
	return f.create(ctx, judge, corpus.Good(9))
}

// create creates a StatefulSet as a dry run, of which nothing is left.
func (f *field) create(ctx context.Context, judge judge, set *appsv1.StatefulSet) error {
	set.Namespace = judge.namespace
	_, err := f.arena.Main.Client.AppsV1().StatefulSets(judge.namespace).Create(ctx, set, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// createBehind measures creations before each judge.
func (f *field) createBehind(ctx context.Context, judges []judge, row *report.Row, round int) error {
	for index := range judges {
		judge := judges[(index+round)%len(judges)]
		sample, err := f.through(ctx, judge)
		if err != nil {
			return fmt.Errorf("create StatefulSets that %s judges: %w", judge.name, err)
		}
		row.Add(judge.name, sample)
	}
	return nil
}

// through creates what keeps to the rules, one after the other.
func (f *field) through(ctx context.Context, judge judge) (measure.Sample, error) {
	set := corpus.Good(9)
	var took []time.Duration
	warm := time.Now().Add(f.options.time / 4)
	for end := warm.Add(f.options.time); time.Now().Before(end); {
		started := time.Now()
		if err := f.create(ctx, judge, set); err != nil {
			return measure.Sample{}, err
		}
		if started.After(warm) {
			took = append(took, time.Since(started))
		}
	}
	return measure.Summary(took, len(took)), ctx.Err()
}
