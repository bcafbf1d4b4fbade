package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestColorsFollowTheFlagThenTheEnvironmentThenTheTerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mode        string
		terminal    bool
		environment map[string]string
		want        bool
	}{
		"a terminal has them":                 {mode: "auto", terminal: true, want: true},
		"a pipe has none":                     {mode: "auto"},
		"NO_COLOR takes them away":            {mode: "auto", terminal: true, environment: map[string]string{"NO_COLOR": "1"}},
		"a terminal that is dumb has none":    {mode: "auto", terminal: true, environment: map[string]string{"TERM": "dumb"}},
		"always beats NO_COLOR":               {mode: "always", environment: map[string]string{"NO_COLOR": "1"}, want: true},
		"never beats the terminal":            {mode: "never", terminal: true},
		"an empty NO_COLOR is no wish at all": {mode: "auto", terminal: true, environment: map[string]string{"NO_COLOR": ""}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := useColor(test.mode, test.terminal, func(name string) string { return test.environment[name] })
			if err != nil || got != test.want {
				t.Errorf("got %t, %v", got, err)
			}
		})
	}
}

func TestProgressAppearsOnTerminalsAfterADelay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		terminal bool
		// at is how long after the start each document is done.
		at   []time.Duration
		want string
	}{
		"a short run says nothing": {terminal: true, at: []time.Duration{0, 999 * time.Millisecond}},
		"a long run is told of, and the line taken away": {
			terminal: true, at: []time.Duration{0, time.Second}, want: "\r\x1b[Kjudged 1 of 2 documents\r\x1b[K",
		},
		"not every document is worth a line": {
			terminal: true, at: []time.Duration{time.Second, 1050 * time.Millisecond, 1100 * time.Millisecond},
			want: "\r\x1b[Kjudged 0 of 3 documents\r\x1b[Kjudged 2 of 3 documents\r\x1b[K",
		},
		"a log shows no progress": {at: []time.Duration{time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			start := time.Unix(0, 0)
			clock := start
			told := newProgress(&out, test.terminal, func() time.Time { return clock })
			for done, after := range test.at {
				clock = start.Add(after)
				if tell := told.of("judged", "documents"); tell != nil {
					tell(done, len(test.at))
				}
			}
			told.end()
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("progress (-want +got):\n%s", diff)
			}
		})
	}
}
