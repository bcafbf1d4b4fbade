package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
)

const (
	// mostGuesses is how many evaluations of one decision may guess. Look-ups of later ones wait for their answers.
	mostGuesses = 3
	// mostReads is how many guesses wait for their answers at a time. A StatefulSet may name a thousand StorageClasses.
	mostReads = 16
)

// errWrongGuess ends an evaluation that does not count. The next one has the right answer.
var errWrongGuess = errors.New("an object in the cache was out of date")

// look is one read from the API server.
type look func(ctx context.Context) (ast.Value, error)

// Ahead returns an inventory for one decision that does not wait for the API server where the caches suggest an answer: it gives
// that answer and reads meanwhile, so that a decision waits for its slowest look-up and not for their sum. The decision counts
// where settle, which waits for the reads, reports that all answers were right. Otherwise it is to be made again with the same
// inventory, which has the right ones then. Reads end with ctx. It must not be used by two goroutines at a time.
func (i *Inventory) Ahead(ctx context.Context) (ahead inventory.Live, settle func() (right bool)) {
	asked := &questions{begin: func(look look) func() answer {
		// There is room for an answer that is not waited for.
		answers := make(chan answer, 1)
		go func() { answers <- readBy(ctx, look) }()
		return func() answer {
			select {
			case read := <-answers:
				return read
			case <-ctx.Done():
				// Discovery of a kind that is not cached heeds no context.
				return answer{err: late(ctx.Err())}
			}
		}
	}}
	copied := *i
	copied.questions = asked
	return &copied, asked.settle
}

// readBy turns a panic into an error: it would end the process, and not only the request.
func readBy(ctx context.Context, look look) (read answer) {
	defer func() {
		if failure := recover(); failure != nil {
			read.err = fmt.Errorf("read from the API server: %v", failure)
		}
	}()
	read.value, read.err = look(ctx)
	return read
}

// questions are the look-ups of one decision, and what is known of their answers. A nil pointer waits for each and keeps none.
type questions struct {
	// begin starts a read, and returns what waits for it.
	begin func(look) (wait func() answer)
	by    map[string]*question
	// guessed are those that this evaluation took a guess for, in the order of its look-ups.
	guessed []*question
	// rounds are the evaluations before this one; misled means that this one does not count.
	rounds int
	misled bool
}

type question struct {
	// answer is a guess until the read is over.
	answer
	// wait is nil once it is.
	wait func() answer
}

type answer struct {
	value ast.Value
	err   error
}

// ask returns what is read from the API server, or the guess while it is being read. The path is that of a Recording.
func (q *questions) ask(ctx context.Context, path []string, guess ast.Value, look look) (ast.Value, error) {
	if q == nil {
		return look(ctx)
	}
	// A slash can only be in the last part.
	key := strings.Join(path, "/")
	known, asked := q.by[key]
	switch {
	case asked && known.wait == nil:
	case asked && len(q.guessed) == 0:
		// Only right answers have led here: without a wait, the evaluation might have to be repeated.
		known.answer, known.wait = known.wait(), nil
	case asked:
		q.guess(known)
	case q.rounds >= mostGuesses:
		known = &question{}
		known.value, known.err = look(ctx)
	case !q.hasRoom():
		return nil, errWrongGuess
	default:
		known = &question{answer: answer{value: guess}, wait: q.begin(look)}
		q.guess(known)
	}
	if q.by == nil {
		q.by = map[string]*question{}
	}
	q.by[key] = known
	return known.value, known.err
}

// hasRoom waits for the reads where they are the most that may be under way, and reports whether the evaluation can continue.
func (q *questions) hasRoom() bool {
	return len(q.guessed) < mostReads || q.right()
}

func (q *questions) guess(known *question) {
	if !slices.Contains(q.guessed, known) {
		q.guessed = append(q.guessed, known)
	}
}

// settle waits for what is being read, and reports whether all guesses were right.
func (q *questions) settle() (right bool) {
	right = q.right() && !q.misled
	q.rounds, q.misled = q.rounds+1, false
	return right
}

// right waits for the guesses in the order of the look-ups, and no longer than until one was wrong: it may have led to the later
// ones, and the right answer may not. So no decision waits, or fails, for a read that it would not have made one by one.
func (q *questions) right() bool {
	for len(q.guessed) > 0 {
		first := q.guessed[0]
		q.guessed = q.guessed[1:]
		read := first.wait()
		first.wait = nil
		if read.err != nil || !sameVersions(first.value, read.value) {
			first.answer, q.guessed, q.misled = read, nil, true
			return false
		}
	}
	return true
}

// sameVersions reports whether two answers have the same objects, each in the same version.
func sameVersions(guess, read ast.Value) bool {
	if guess == nil || read == nil {
		return guess == nil && read == nil
	}
	if version := inventory.Version(guess); version != "" {
		return inventory.Version(read) == version
	}
	guessed, isObject := guess.(ast.Object)
	found, areObjects := read.(ast.Object)
	return isObject && areObjects && guessed.Len() == 0 && found.Len() == 0
}
