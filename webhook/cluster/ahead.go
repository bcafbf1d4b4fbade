package cluster

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/stateward/stateward/policies/engine/inventory"
)

// mostGuesses is how many evaluations of one decision may guess. Look-ups of later ones wait for their answers.
const mostGuesses = 3

// look is one read from the API server.
type look func(ctx context.Context) (ast.Value, error)

// Ahead returns an inventory for one decision that does not wait for the API server where the caches suggest an answer: it gives
// that answer and reads meanwhile, so that a decision waits for its slowest look-up and not for their sum. The decision counts
// where settle, which waits for the reads, reports that all answers were right. Otherwise it is to be made again with the same
// inventory, which has the right ones then. Reads end with ctx. It must not be used by two goroutines at a time.
func (i *Inventory) Ahead(ctx context.Context) (ahead inventory.Live, settle func() (right bool)) {
	asked := &questions{begin: func(look look) <-chan answer {
		// There is room for an answer that is not waited for.
		answers := make(chan answer, 1)
		go func() {
			var read answer
			defer func() {
				// It would end the process, and not only the request.
				if failure := recover(); failure != nil {
					read.err = fmt.Errorf("read from the API server: %v", failure)
				}
				answers <- read
			}()
			read.value, read.err = look(ctx)
		}()
		return answers
	}}
	copied := *i
	copied.questions = asked
	return &copied, asked.settle
}

// questions are the look-ups of one decision, and what is known of their answers. A nil pointer waits for each and keeps none.
type questions struct {
	begin   func(look) <-chan answer
	by      map[string]*question
	guesses int
}

type question struct {
	// answer is a guess until the read is over.
	answer
	// reading is nil once it is.
	reading <-chan answer
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
	key := strings.Join(path, "\x00")
	if known, asked := q.by[key]; asked {
		return known.value, known.err
	}
	made := &question{answer: answer{value: guess}}
	if q.guesses < mostGuesses {
		made.reading = q.begin(look)
	} else {
		made.value, made.err = look(ctx)
	}
	if q.by == nil {
		q.by = map[string]*question{}
	}
	q.by[key] = made
	return made.value, made.err
}

// settle waits for what is being read, and reports whether all guesses were right. What failed is an error only for a decision
// that asks for it again: a wrong guess may have led there.
func (q *questions) settle() (right bool) {
	right = true
	q.guesses++
	for _, each := range q.by {
		if each.reading == nil {
			continue
		}
		read := <-each.reading
		each.reading = nil
		if read.err == nil && sameVersions(each.value, read.value) {
			continue
		}
		each.answer, right = read, false
	}
	return right
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
