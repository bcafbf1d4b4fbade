package yamlpos

import (
	"fmt"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// maxAliasNodes bounds how many values the aliases of a document may stand
// for. kubectl's decoder gives up at about the same number.
const maxAliasNodes = 400_000

// shaper reduces a YAML tree to nodes. It visits every anchor once and shares
// the result between its aliases, so that a small document cannot become a
// large tree.
type shaper struct {
	lines    *lineTable
	maxDepth int
	maxBytes int64

	keys       *keyReader
	direct     *direct
	anchors    map[*yamlv3.Node]*Node
	aliasNodes int
	aliasBytes int64
	merges     bool
	faults     []Fault
	duplicates []Fault
	stopped    bool
}

func newShaper(c Chunk, lines *lineTable, opts Limits) *shaper {
	return &shaper{
		lines:    lines,
		maxDepth: opts.Depth,
		maxBytes: opts.Bytes,
		anchors:  map[*yamlv3.Node]*Node{},
		keys:     newKeyReader(c.Text),
		direct:   newDirect(c.Text, lines.plain),
	}
}

func (s *shaper) place(n *yamlv3.Node) Place {
	return s.lines.place(n.Line, n.Column)
}

func (s *shaper) report(n *yamlv3.Node, format string, args ...any) {
	s.faults = append(s.faults, FaultAt(s.place(n), format, args...))
}

// stop reports a fault after which nothing else in the document can be
// trusted.
func (s *shaper) stop(n *yamlv3.Node, err error) *Node {
	s.faults = append(s.faults, Fault{Place: s.place(n), Err: err})
	s.stopped = true
	return &Node{Place: s.place(n)}
}

// build returns the node of n, which lies depth levels deep.
func (s *shaper) build(n *yamlv3.Node, depth int) *Node {
	if n.Kind == yamlv3.AliasNode {
		return s.alias(n, depth)
	}
	if depth >= s.maxDepth && n.Kind != yamlv3.ScalarNode {
		return s.stop(n, tooDeep(s.maxDepth))
	}
	if n.Anchor != "" {
		s.direct.giveUp()
	}
	built := &Node{Place: s.place(n), nodes: 1}
	switch n.Kind {
	case yamlv3.MappingNode:
		built.fields = newFields(len(n.Content) / 2)
		s.mapping(built, n, depth)
	case yamlv3.SequenceNode:
		s.sequence(built, n, depth)
	default:
		s.scalar(built, n)
	}
	if n.Anchor != "" {
		s.anchors[n] = built
	}
	return built
}

func (s *shaper) sequence(built *Node, n *yamlv3.Node, depth int) {
	s.direct.raw("[")
	for index, item := range n.Content {
		if s.stopped {
			return
		}
		s.direct.separate(index)
		built.addItem(s.build(item, depth+1))
	}
	s.direct.raw("]")
}

func (s *shaper) scalar(built *Node, n *yamlv3.Node) {
	built.bytes = int64(len(n.Value))
	s.direct.scalar(n)
	if n.Tag == "!!float" && strings.ContainsAny(n.Value, "nN") {
		// Only .inf and .nan have an n.
		s.report(n, "JSON has no number %q; quote it if it is meant as text", n.Value)
	}
}

func (s *shaper) mapping(built *Node, n *yamlv3.Node, depth int) {
	seen := newFields(len(n.Content) / 2)
	s.direct.raw("{")
	for i := 0; i+1 < len(n.Content) && !s.stopped; i += 2 {
		keyNode, valueNode := n.Content[i], n.Content[i+1]
		if isMerge(keyNode) {
			s.merge(built, valueNode, depth)
			continue
		}
		key, err := s.keys.read(keyNode)
		if err != nil {
			s.report(keyNode, "%w", err)
		}
		where := s.place(keyNode)
		if keyNode.Anchor != "" {
			s.anchors[keyNode] = &Node{Place: where, nodes: 1, bytes: int64(len(keyNode.Value))}
		}
		if first, again := seen.get(key); again && err == nil {
			s.duplicates = append(s.duplicates, duplicateKey(key, where, first.key))
			s.direct.giveUp()
		}
		if err == nil {
			seen.set(key, field{key: where})
		}
		s.direct.separate(i)
		s.direct.text(key)
		s.direct.raw(":")
		built.setField(key, field{key: where, value: s.build(valueNode, depth+1)})
	}
	s.direct.raw("}")
}

// isMerge reports whether a key is a merge key, and not the text "<<" in quotes.
func isMerge(key *yamlv3.Node) bool {
	return key.Kind == yamlv3.ScalarNode && key.Tag == "!!merge"
}

// merge copies the fields of the merged mappings. As in kubectl's decoder the
// order in the file decides: what comes later overrides, and in a list of
// mappings the first one wins. A value that cannot be merged is left to the
// decoder to refuse.
func (s *shaper) merge(built *Node, n *yamlv3.Node, depth int) {
	s.merges = true
	s.direct.giveUp()
	merged := s.build(n, depth)
	sources := []*Node{merged}
	if len(merged.items) > 0 {
		sources = merged.items
	}
	for i := len(sources) - 1; i >= 0; i-- {
		if merged := sources[i].fields; merged != nil {
			for at, key := range merged.names {
				built.setField(key, merged.fields[at])
			}
		}
	}
}

// alias returns the node of the anchor, placed where the alias is written.
func (s *shaper) alias(n *yamlv3.Node, depth int) *Node {
	s.direct.giveUp()
	target, ok := s.anchors[n.Alias]
	if !ok {
		return s.stop(n, fmt.Errorf("anchor %q contains itself; YAML for Kubernetes cannot be circular", n.Value))
	}
	if depth+target.height > s.maxDepth {
		return s.stop(n, tooDeep(s.maxDepth))
	}
	s.aliasNodes += target.nodes
	s.aliasBytes += target.bytes
	if s.aliasNodes > maxAliasNodes || s.aliasBytes > s.maxBytes {
		return s.stop(n, fmt.Errorf("the aliases of this document expand to too much; write out the value of *%s", n.Value))
	}
	placed := *target
	placed.Place = s.place(n)
	return &placed
}
