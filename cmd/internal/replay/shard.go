package replay

import (
	"fmt"
	"strconv"
	"strings"
)

// mostShards bounds what one replay is divided into.
const mostShards = 10_000

// Shard is the part of the files that one of several replays reads: those whose place in the list leaves the remainder Index
// when divided by Count.
type Shard struct {
	Index int `json:"index"`
	Count int `json:"count"`
	// Files is how many all shards have.
	Files int `json:"files"`
}

// ParseShard reads INDEX/COUNT; the first index is 0, as in an Indexed Job.
func ParseShard(text string) (*Shard, error) {
	before, after, _ := strings.Cut(text, "/")
	index, err := strconv.Atoi(before)
	if err != nil {
		return nil, fmt.Errorf("%q is not INDEX/COUNT, such as 0/8", text)
	}
	count, err := strconv.Atoi(after)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not INDEX/COUNT, such as 0/8", text)
	case count < 1 || count > mostShards:
		return nil, fmt.Errorf("%q: the count must be from 1 to %d", text, mostShards)
	case index < 0 || index >= count:
		return nil, fmt.Errorf("%q: the index must be from 0 to %d", text, count-1)
	}
	return &Shard{Index: index, Count: count}, nil
}

// Of are the files of this shard. All shards must see the same files: one that is written or rotated meanwhile would be read
// by two of them or by none.
func (s *Shard) Of(sources []Source) (mine []Source) {
	s.Files = len(sources)
	for index, source := range sources {
		if index%s.Count == s.Index {
			mine = append(mine, source)
		}
	}
	return mine
}

func (s *Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }
