package yamlpos

import "fmt"

// maxErrorsPerDocument keeps a broken or hostile document from filling the
// memory and the screen.
const maxErrorsPerDocument = 100

// Fault is an error inside one file. The file is added at the end, so that the
// code that finds faults does not have to carry its name around.
type Fault struct {
	Place Place
	Err   error
}

// FaultAt makes one, with a message as of fmt.Errorf.
func FaultAt(p Place, format string, args ...any) Fault {
	return Fault{Place: p, Err: fmt.Errorf(format, args...)}
}

// LimitFaults cuts the faults of one document and says so.
func LimitFaults(faults []Fault) []Fault {
	if len(faults) <= maxErrorsPerDocument {
		return faults
	}
	last := FaultAt(faults[maxErrorsPerDocument].Place,
		"too many errors, the rest of this document is not reported")
	return append(faults[:maxErrorsPerDocument:maxErrorsPerDocument], last)
}
