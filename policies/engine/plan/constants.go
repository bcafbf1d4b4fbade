package plan

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/lazy"
)

// constants are the values that rules name, each once: the metadata of a rule are written at each of its findings.
type constants struct {
	terms []*ast.Term
	// index finds a value by its encoding.
	index map[string]int
	// failed is the error of a value that cannot be encoded.
	failed error
}

// known are the constants as a machine has them.
func (c *constants) known() (values []*lazy.Known) {
	for _, term := range c.terms {
		values = append(values, (*lazy.Known)(term))
	}
	return values
}

// add returns the operand of a constant.
func (c *constants) add(term *ast.Term) int {
	if c.index == nil {
		c.index = map[string]int{}
	}
	w := &writer{}
	if err := w.value(term.Value); err != nil {
		c.failed = err
		return 0
	}
	index, ok := c.index[string(w.out)]
	if !ok {
		index = len(c.terms)
		c.terms = append(c.terms, term)
		c.index[string(w.out)] = index
	}
	return ^index
}
