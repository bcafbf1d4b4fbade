package fieldpath

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePatternReadsKeysAndIndexes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Pattern{
		"spec":                              {{Key: "spec"}},
		"spec.env[*].value":                 {{Key: "spec"}, {Key: "env"}, {All: true}, {Key: "value"}},
		"spec.env[12]":                      {{Key: "spec"}, {Key: "env"}, {Index: 12}},
		`metadata.annotations["a.b/c"]`:     {{Key: "metadata"}, {Key: "annotations"}, {Key: "a.b/c"}},
		`metadata.annotations["a\"]"].more`: {{Key: "metadata"}, {Key: "annotations"}, {Key: `a"]`}, {Key: "more"}},
		"":                                  nil, ".": nil, "spec.": nil, "spec..x": nil, "[0]": nil, "spec[": nil, "spec[]": nil, "spec[-1]": nil, "spec[x]": nil,
		"spec.*": nil, `spec["x]`: nil, `spec[""]`: nil, "spec]": nil, "spec[*]value": nil,
	} {
		got, err := ParsePattern(text)
		if (err != nil) != (want == nil) {
			t.Errorf("%q: error %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestPatternMatchesTheFieldAndWhatIsBelow(t *testing.T) {
	t.Parallel()
	pattern, err := ParsePattern("spec.env[*].value")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path []any
		want bool
	}{
		{[]any{"spec", "env", 3, "value"}, true},
		{[]any{"spec", "env", 3.0, "value", "below"}, true},
		{[]any{"spec", "env", "key", "value"}, true},
		{[]any{"spec", "env", 3}, false},
		{[]any{"spec", "env", 3, "name"}, false},
		{nil, false},
	} {
		if got := pattern.Matches(test.path); got != test.want {
			t.Errorf("%v: %v", test.path, got)
		}
	}
}
