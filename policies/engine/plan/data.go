package plan

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// Source is what data holds besides the rules. It is asked for what rules look up, and once for each path in an
// evaluation.
type Source interface {
	// Read returns the value at a path, or nil where there is none. It is asked for a path that IsPrefix where a rule
	// wants all that is below.
	Read(ctx context.Context, path []string) (lazy.Value, error)
	// IsPrefix reports whether the path is to be made longer before anything is read.
	IsPrefix(path []string) bool
}

// place is a place in a Source of which nothing has been read yet. It is a lazy value.
type place struct {
	ctx      context.Context
	source   Source
	path     []string
	children []child
	read     bool
	value    lazy.Value
}

// child is what was found below a place, nil for nothing.
type child struct {
	name  string
	value lazy.Value
}

func dataOf(ctx context.Context, source Source) lazy.Value { return &place{ctx: ctx, source: source} }

// Get returns what is below key, nil where there is nothing.
func (p *place) Get(key *ast.Term) (lazy.Value, error) {
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
		found = &place{ctx: p.ctx, source: p.source, path: path}
	} else {
		var err error
		if found, err = p.source.Read(p.ctx, path); err != nil {
			return nil, err
		}
	}
	p.children = append(p.children, child{string(name), found})
	return found, nil
}

// Force reads all that is below the place, as OPA sees it.
func (p *place) Force() (*ast.Term, error) {
	value, err := p.open()
	if err != nil {
		return nil, err
	}
	return lazy.Force(value)
}

// open reads what is below the place, which may be read lazily in its turn.
func (p *place) open() (lazy.Value, error) {
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
