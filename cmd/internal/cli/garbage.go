package cli

import (
	"os"
	"runtime/debug"
)

const (
	// lazyCollection is the GOGC of a check of few documents: a quarter less time for half more memory.
	lazyCollection = 400
	// fewDocuments take less than 300 MiB so.
	fewDocuments = 5_000
)

// collectLazily lets garbage lie for longer, unless whoever calls has a say in that. The function that it returns ends
// it where there are many documents.
func collectLazily() (reconsider func(documents int)) {
	if os.Getenv("GOGC") != "" {
		return func(int) {}
	}
	before := debug.SetGCPercent(lazyCollection)
	return func(documents int) {
		if documents > fewDocuments {
			debug.SetGCPercent(before)
		}
	}
}
