package plan

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Source is what data holds besides the rules. It is asked for what rules look up, and once for each path in an
// evaluation.
type Source interface {
	// Read returns the value at a path, or nil where there is none. It is asked for a path that IsPrefix where a rule
	// wants all that is below.
	Read(ctx context.Context, path []string) (ast.Value, error)
	// IsPrefix reports whether the path is to be made longer before anything is read.
	IsPrefix(path []string) bool
}

// node is a place in a Source of which nothing has been read yet. It is a value only to fit where values are; nobody
// but the machine sees it.
type node struct {
	ast.Null
	ctx      context.Context
	source   Source
	path     []string
	children map[string]*ast.Term
	read     bool
	value    *ast.Term
}

func document(ctx context.Context, source Source) *ast.Term {
	return &ast.Term{Value: &node{ctx: ctx, source: source}}
}

// dot returns what is below key, nil where there is nothing.
func (n *node) dot(key *ast.Term) (*ast.Term, error) {
	name, ok := key.Value.(ast.String)
	if !ok {
		return nil, nil
	}
	if found, ok := n.children[string(name)]; ok {
		return found, nil
	}
	path := slices.Concat(n.path, []string{string(name)})
	var found *ast.Term
	if n.source.IsPrefix(path) {
		found = &ast.Term{Value: &node{ctx: n.ctx, source: n.source, path: path}}
	} else {
		value, err := n.source.Read(n.ctx, path)
		if err != nil {
			return nil, err
		}
		found = termOf(value)
	}
	if n.children == nil {
		n.children = map[string]*ast.Term{}
	}
	n.children[string(name)] = found
	return found, nil
}

// whole reads all that is below the node.
func (n *node) whole() (*ast.Term, error) {
	if n.read {
		return n.value, nil
	}
	value, err := n.source.Read(n.ctx, n.path)
	if err != nil {
		return nil, err
	}
	n.read, n.value = true, termOf(value)
	return n.value, nil
}

func termOf(value ast.Value) *ast.Term {
	if value == nil {
		return nil
	}
	return ast.NewTerm(value)
}
