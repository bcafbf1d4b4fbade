package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/webhook/decisionlog"
)

const (
	// rememberedEngines and rememberedGuardrails bound what a log with very many revisions takes.
	rememberedEngines    = 8
	rememberedGuardrails = 1024
)

// decider is an engine with what it cannot do without.
type decider struct {
	*engine.Engine
	// reads are fields that logs leave out and a rule reads.
	reads []string
}

// deciders makes engines for the Guardrails of a log.
type deciders struct {
	library *policies.Library
	// fixed decides everything, where other Guardrails are given.
	fixed *decider

	mutex   sync.Mutex
	stored  *lru.Cache
	engines *lru.Cache
}

func newDeciders(ctx context.Context, options Options) (*deciders, error) {
	made := &deciders{library: options.Library, stored: lru.New(rememberedGuardrails), engines: lru.New(rememberedEngines)}
	if options.Guardrails == nil {
		return made, nil
	}
	var err error
	made.fixed, err = newDecider(ctx, options.Library, options.Guardrails)
	return made, err
}

func newDecider(ctx context.Context, library *policies.Library, guardrails *v1alpha1.Guardrails) (*decider, error) {
	compiled, err := engine.New(ctx, library, guardrails)
	if err != nil {
		return nil, err
	}
	made := &decider{Engine: compiled}
	for _, field := range []string{"managedFields", decisionlog.LastApplied} {
		mentioned, err := library.Mentions(field)
		if err != nil {
			return nil, err
		}
		if mentioned {
			made.reads = append(made.reads, field)
		}
	}
	return made, nil
}

// store keeps Guardrails of the log.
func (d *deciders) store(record *decisionlog.Record) {
	d.stored.Add(record.Revision, record.Guardrails)
}

// get returns what decides a record; an error says why nothing does.
func (d *deciders) get(ctx context.Context, revision string) (*decider, error) {
	if d.fixed != nil {
		return d.fixed, nil
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if known, ok := d.engines.Get(revision); ok {
		made, _ := known.(outcomeOfMaking)
		return made.decider, made.err
	}
	made, err := d.make(ctx, revision)
	if _, held := d.stored.Get(revision); held || err == nil {
		d.engines.Add(revision, outcomeOfMaking{made, err})
	}
	return made, err
}

// outcomeOfMaking keeps failures too: what does not compile is not tried for each record.
type outcomeOfMaking struct {
	decider *decider
	err     error
}

func (d *deciders) make(ctx context.Context, revision string) (*decider, error) {
	guardrails, err := d.guardrails(revision)
	if err != nil {
		return nil, err
	}
	return newDecider(ctx, d.library, guardrails)
}

// guardrails are those of a revision, which are named by their content.
func (d *deciders) guardrails(revision string) (*v1alpha1.Guardrails, error) {
	var none *v1alpha1.Guardrails
	if revision == none.Revision() {
		return nil, nil
	}
	held, ok := d.stored.Get(revision)
	if !ok {
		return nil, fmt.Errorf("the log does not hold Guardrails %s before the decisions under them: give all its files, or other Guardrails with --config", revision)
	}
	raw, _ := held.(json.RawMessage)
	guardrails, err := v1alpha1.ParseGuardrails(raw, d.library)
	if err != nil {
		return nil, fmt.Errorf("recorded Guardrails %s do not fit these rules: %w", revision, err)
	}
	if got := guardrails.Revision(); got != revision {
		return nil, fmt.Errorf("recorded Guardrails %s are damaged: their content is of revision %s", revision, got)
	}
	return guardrails, nil
}
