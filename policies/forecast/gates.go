package forecast

import (
	"fmt"
	"strconv"
	"strings"
)

// Gates are the feature gates of the controller manager that change what a StatefulSet does.
type Gates struct {
	MaxUnavailable bool
	Recreate       bool
	// Before137 is no gate: the controllers before 1.37 do not complete an update with the strategy OnDelete, so that
	// status.currentRevision stays, and stop no more pods of a Parallel set than MaxUnavailable allows, even where pods of the
	// old revision are unavailable already.
	Before137 bool
}

// Oldest and Newest are the minor versions between which the model is compared with the controller.
const (
	Oldest = 34
	Newest = 37
)

// Gates returns the defaults of a version. The note is not empty where they are a guess: gates can
// also be set by flags of the controller manager, which the API does not show.
//
// MaxUnavailableStatefulSet was on by default in 1.35.0 to 1.35.3, off from 1.35.4 and in 1.36, and is on again since 1.37;
// StatefulSetRecreateStrategy is alpha in 1.37 (pkg/features/kube_features.go).
func (v Version) Gates() (gates Gates, note string) {
	gates.MaxUnavailable = v.Minor == 35 && v.Patch <= 3 || v.Minor >= Newest
	gates.Before137 = v.Minor < 37
	switch {
	case v.Minor < Oldest:
		note = fmt.Sprintf("Kubernetes 1.%d is older than 1.%d, the oldest version that the forecast is compared with", v.Minor, Oldest)
	case v.Minor > Newest:
		note = fmt.Sprintf("Kubernetes 1.%d is newer than 1.%d, which the forecast is compared with: the same defaults of feature gates are used", v.Minor, Newest)
	}
	return gates, note
}

// Version is that of Kubernetes, 1.Minor.Patch.
type Version struct{ Minor, Patch int }

func (v Version) String() string { return fmt.Sprintf("1.%d.%d", v.Minor, v.Patch) }

// ParseVersion reads 1.37, v1.37.2 and the like.
func ParseVersion(text string) (Version, error) {
	parts := strings.SplitN(strings.TrimPrefix(text, "v"), ".", 3)
	if len(parts) < 2 || parts[0] != "1" {
		return Version{}, fmt.Errorf("version %q of Kubernetes: write it like 1.37 or 1.37.2", text)
	}
	minor, err := strconv.Atoi(strings.TrimSuffix(parts[1], "+"))
	if err != nil {
		return Version{}, fmt.Errorf("version %q of Kubernetes: write it like 1.37 or 1.37.2", text)
	}
	version := Version{Minor: minor}
	if len(parts) == 3 {
		digits := parts[2]
		if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			digits = digits[:end]
		}
		if version.Patch, err = strconv.Atoi(digits); err != nil {
			return Version{}, fmt.Errorf("version %q of Kubernetes: write it like 1.37 or 1.37.2", text)
		}
	}
	return version, nil
}
