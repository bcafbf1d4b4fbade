package plan

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Source is the data beside the rules. An evaluation reads each path that rules look up once.
type Source interface {
	// Read returns the value at a path, or nil if there is none. A rule that needs everything below a prefix reads a path for
	// which IsPrefix is true.
	Read(ctx context.Context, path []string) (lazy.Value, error)
	// IsPrefix reports whether the path must be longer before anything is read.
	IsPrefix(path []string) bool
}

// dataRef is the lazy value at a path of a Source. Nothing is read until it is needed.
type dataRef struct {
	ctx      context.Context
	source   Source
	path     []string
	children []child
	read     bool
	value    lazy.Value
}

// child is the value below a path, nil for none.
type child struct {
	name  string
	value lazy.Value
}

func dataOf(ctx context.Context, source Source) lazy.Value { return &dataRef{ctx: ctx, source: source} }

// Get returns the value below key, nil for none.
func (p *dataRef) Get(key *ast.Term) (lazy.Value, error) {
	name, ok := key.Value.(ast.String)
	if !ok {
		return nil, nil
	}
	for _, each := range p.children {
		if each.name == string(name) {
			return each.value, nil
		}
	}
	path := slices.Concat(p.path, []string{string(name)})
	var found lazy.Value
	if p.source.IsPrefix(path) {
		found = &dataRef{ctx: p.ctx, source: p.source, path: path}
	} else {
		var err error
		if found, err = p.source.Read(p.ctx, path); err != nil {
			return nil, err
		}
	}
	p.children = append(p.children, child{string(name), found})
	return found, nil
}

// Force reads everything below the path, as a term of OPA.
func (p *dataRef) Force() (*ast.Term, error) {
	value, err := p.open()
	if err != nil {
		return nil, err
	}
	return lazy.Force(value)
}

// open reads the value at the path, which may be lazy too.
func (p *dataRef) open() (lazy.Value, error) {
	if p.read {
		return p.value, nil
	}
	value, err := p.source.Read(p.ctx, p.path)
	if err != nil {
		return nil, err
	}
	p.read, p.value = true, value
	return p.value, nil
}
