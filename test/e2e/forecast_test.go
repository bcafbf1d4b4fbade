package e2e_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stateward/stateward/test/builders"
)

// TestDryRunsAreForecast sends requests with dry run, as a person does before a change, and reads the warnings. Each is denied or
// allowed as it would be without.
func TestDryRunsAreForecast(t *testing.T) {
	g := newGuard(t, shared(t))
	g.create(t, withClaim(builders.MakeStatefulSet().Image(oldImage)))
	g.settled(t, 3)
	for _, test := range []struct {
		command []string
		want    []string
	}{
		{setImage(newImage), []string{
			"forecast: replaces web-2, web-1, web-0 one by one; keeps 3 claims", "forecast: if the new template never gets Ready: stuck at web-2",
		}},
		{[]string{"scale", "statefulset", "web", "--replicas=2"}, []string{"forecast: stops web-2; keeps 3 claims"}},
		{[]string{"scale", "statefulset", "web", "--replicas=5"}, []string{"forecast: starts web-3, web-4"}},
		{[]string{"delete", "statefulset", "web"}, []string{"forecast: stops web-0, web-1, web-2 at once; keeps 3 claims"}},
		{[]string{"delete", "service", "nginx"}, []string{"forecast: removes from DNS web-0.nginx.NAMESPACE.svc, web-1.nginx.NAMESPACE.svc, web-2.nginx.NAMESPACE.svc"}},
		{[]string{"delete", "pod", "web-1", "--force", "--grace-period=0"}, []string{"forecast: replaces web-1; keeps 3 claims"}},
	} {
		// A watch brings what happened last within milliseconds.
		var got []string
		want := make([]string, 0, len(test.want))
		for _, line := range test.want {
			if line = strings.ReplaceAll(line, "NAMESPACE", g.namespace); len(line) > 120 {
				line = line[:119] + "…"
			}
			want = append(want, line)
		}
		eventually(t, strings.Join(test.command, " "), func(context.Context) (bool, error) {
			output, _ := g.kubectl(t, "", append(slices.Clone(test.command), "--dry-run=server")...)
			got = forecastsIn(output)
			return cmp.Equal(want, got) || t.Context().Err() != nil, nil
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kubectl %v (-want +got):\n%s", test.command, diff)
		}
	}
	if output, code := g.kubectl(t, "", "scale", "statefulset", "web", "--replicas=4"); code != 0 || len(forecastsIn(output)) > 0 {
		t.Errorf("without dry run, exit code %d:\n%s", code, output)
	}
}

var forecastLine = regexp.MustCompile(`(?m)^Warning: (forecast: .*)$`)

// forecastsIn are the warnings of an output that are forecasts.
func forecastsIn(output string) (lines []string) {
	for _, match := range forecastLine.FindAllStringSubmatch(output, -1) {
		lines = append(lines, match[1])
	}
	return lines
}
