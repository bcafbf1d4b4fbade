// Package spelling guesses which of some names a mistyped one means.
package spelling

import (
	"iter"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name that a word is most like, "" if half of its letters would have to change.
func Nearest(word string, known iter.Seq[string]) (nearest string) {
	least := len(word)/2 + 1
	for name := range known {
		if distance := levenshtein.ComputeDistance(word, name); distance < least {
			nearest, least = name, distance
		}
	}
	return nearest
}
