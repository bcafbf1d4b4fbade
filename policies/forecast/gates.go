package forecast

import "fmt"

// Gates are the feature gates of the controller manager that change what a StatefulSet does.
type Gates struct {
	MaxUnavailable bool
	Recreate       bool
}

// Newest is the minor version that the model is compared with.
const Newest = 37

// GatesOf returns the defaults of a Kubernetes version 1.minor.patch. The note is not empty where they are a guess: gates can
// also be set by flags of the controller manager, which the API does not show.
//
// MaxUnavailableStatefulSet was on by default in 1.35.0 to 1.35.3, off from 1.35.4 and in 1.36, and is on again since 1.37;
// StatefulSetRecreateStrategy is alpha in 1.37 (pkg/features/kube_features.go).
func GatesOf(minor, patch int) (gates Gates, note string) {
	gates.MaxUnavailable = minor == 35 && patch <= 3 || minor >= Newest
	if minor > Newest {
		note = fmt.Sprintf("Kubernetes 1.%d is newer than 1.%d, which the forecast is compared with: the same defaults of feature gates are used", minor, Newest)
	}
	return gates, note
}
