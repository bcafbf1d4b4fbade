package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/stateward/stateward/cmd/internal/manifest/yamlpos"
)

// Error is one thing that is wrong with a file, and where.
type Error struct {
	Position
	Err error
}

// Error returns "file:line:column: what is wrong".
func (e Error) Error() string {
	return fmt.Sprintf("%s: %v", e.Position, e.Err)
}

// Unwrap gives access to the cause.
func (e Error) Unwrap() error {
	return e.Err
}

// Errors returns the single errors inside an error of Read, Parse or Config,
// in the order they are printed.
func Errors(err error) []Error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Error
		for _, one := range joined.Unwrap() {
			all = append(all, Errors(one)...)
		}
		return all
	}
	var one Error
	if errors.As(err, &one) {
		return []Error{one}
	}
	return nil
}

// inFile names the file of each fault.
func inFile(file string, faults []yamlpos.Fault) []Error {
	var all []Error
	for _, f := range faults {
		all = append(all, Error{Position: at(file, f.Place), Err: f.Err})
	}
	return all
}

// join returns the errors sorted by file, line and column, or nil.
func join(all []Error) error {
	slices.SortStableFunc(all, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
	errs := make([]error, 0, len(all))
	for _, e := range all {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
