package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Version is the one of the JSON output.
const Version = 1

// longestResult bounds a file with a result, in bytes.
const longestResult = 256 << 20

// Merge adds results that `-o json` wrote: of the shards of one replay, or of several logs. The error says what is missing
// or does not fit; the summary holds the rest.
func Merge(sources []Source) (*Summary, error) {
	var problems []error
	var merged *Summary
	shards := map[string]string{}
	var some *Shard
	for _, source := range sources {
		part, err := readResult(source)
		if err == nil && merged != nil {
			err = merged.fits(part)
		}
		if err == nil && merged != nil && (part.Shard == nil) != (some == nil) {
			err = errors.New("it is of whole logs and the others are of shards, or the reverse: merge the shards first, so that none of their requests counts twice")
		}
		if err == nil && part.Shard != nil {
			err = isNew(part.Shard, some, shards, source.Name)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", source.Name, err))
			continue
		}
		if part.Shard != nil {
			some = part.Shard
		}
		if merged == nil {
			merged = &Summary{Version: Version, Verify: part.Verify, Data: part.Data, Library: part.Library, Guardrails: part.Guardrails}
		}
		merged.merge(part)
	}
	if merged == nil {
		merged = &Summary{Version: Version}
	}
	if some != nil {
		if missing := missingOf(some.Count, shards); missing != "" {
			problems = append(problems, fmt.Errorf("no result of %s: their requests are not counted", missing))
		}
	}
	return merged, errors.Join(problems...)
}

// readResult reads one result, with the places of what it shows.
func readResult(source Source) (*Summary, error) {
	opened, err := source.open()
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	raw, err := io.ReadAll(io.LimitReader(opened, longestResult+1))
	switch {
	case err != nil:
		return nil, err
	case len(raw) > longestResult:
		return nil, fmt.Errorf("the file is larger than %d MiB", longestResult>>20)
	}
	var result struct {
		Headline string `json:"headline"`
		Summary
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&result); err != nil {
		return nil, fmt.Errorf("it is not a whole result of `stateward replay -o json`: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("it holds more than one result")
	}
	if result.Version != Version {
		return nil, fmt.Errorf("it is a result of version %d, and this stateward reads version %d", result.Version, Version)
	}
	if shard := result.Shard; shard != nil {
		// What a file promises is not counted through before it is believed.
		if _, err := ParseShard(shard.String()); err != nil {
			return nil, err
		}
	}
	return result.placed(), nil
}

// placed gives examples and problems their order.
func (s *Summary) placed() *Summary {
	for class, group := range s.Classes {
		if group == nil {
			delete(s.Classes, class)
			continue
		}
		group.places = nil
		for _, example := range group.Examples {
			group.places = append(group.places, place{file: example.File, line: example.Line})
		}
	}
	for index := range s.Problems {
		problem := &s.Problems[index]
		problem.place = place{file: problem.File, line: problem.Line}
	}
	return s
}

// fits reports why a result cannot be added to the others.
func (s *Summary) fits(part *Summary) error {
	switch {
	case part.Verify != s.Verify:
		return errors.New("it is a verification and the others are not, or the reverse")
	case part.Data != s.Data:
		return errors.New("it was replayed with --data and the others were not, or the reverse")
	case part.Library != s.Library:
		return fmt.Errorf("its rule library is %s, and that of the others is %s", part.Library, s.Library)
	case part.Guardrails != s.Guardrails:
		return fmt.Errorf("its Guardrails are %s, and those of the others are %s", orRecorded(part.Guardrails), orRecorded(s.Guardrails))
	}
	return nil
}

func orRecorded(revision string) string {
	if revision == "" {
		return "the recorded ones"
	}
	return revision
}

// isNew reports why a shard is not another one of the same replay, and remembers it.
func isNew(shard, other *Shard, seen map[string]string, name string) error {
	if other != nil && other.Count != shard.Count {
		return fmt.Errorf("it is shard %s, and another is %s: merge the shards of one replay", shard, other)
	}
	if other != nil && other.Files != shard.Files {
		return fmt.Errorf("shard %s saw %d files and shard %s %d: the folder changed while they ran; replay it once more", shard, shard.Files, other, other.Files)
	}
	if first, twice := seen[shard.String()]; twice {
		return fmt.Errorf("shard %s is in %s too", shard, first)
	}
	seen[shard.String()] = name
	return nil
}

// missingOf names the shards that have no result.
func missingOf(count int, seen map[string]string) string {
	var missing []string
	for index := range count {
		shard := Shard{Index: index, Count: count}
		if _, known := seen[shard.String()]; !known {
			missing = append(missing, "shard "+shard.String())
		}
	}
	if len(missing) > mostExamples {
		missing = append(slices.Clone(missing[:mostExamples]), fmt.Sprintf("%d more", len(missing)-mostExamples))
	}
	return strings.Join(missing, ", ")
}
