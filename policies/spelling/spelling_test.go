package spelling_test

import (
	"slices"
	"testing"

	"github.com/stateward/stateward/policies/spelling"
)

func TestNearestNamesWhatIsMeant(t *testing.T) {
	t.Parallel()
	known := []string{"baseline", "image-tag", "image-change"}
	for word, want := range map[string]string{"basline": "baseline", "image-tga": "image-tag", "image-chang": "image-change", "zzz": "", "": ""} {
		if got := spelling.Nearest(word, slices.Values(known)); got != want {
			t.Errorf("%q means %q, want %q", word, got, want)
		}
	}
}
