package parity_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/preview"
)

// comparison says in what a message differs from a forecast; applies is false where the forecast is not of what the message is about.
type comparison func(what string, seen foreseen) (difference string, applies bool)

// effects are the rules whose messages say what happens.
func effects() map[string]comparison {
	return map[string]comparison{
		"scale-down":       ofChange(scaleDown),
		"scale-down-data":  ofChange(func(what string, c preview.Change) string { return differ("claims", named(what), c.Claims) }),
		"scale-to-zero":    ofChange(scaleToZero),
		"cascade-delete":   ofChange(cascadeDelete),
		"orphan-delete":    ofChange(func(_ string, c preview.Change) string { return differ("stopped pods", list{}, c.Stops) }),
		"ordinals-start":   ofChange(ordinalsStart),
		"on-delete":        ofChange(onDelete),
		"canary-first":     ofChange(canaryFirst),
		"force-delete-pod": forceDeletePod,
		"claim-in-use":     ofChange(claimInUse),
		"namespace-delete": namespaceDelete,
		"service-in-use":   serviceInUse,
		"stuck-rollout":    stuckRollout,
		"owner-delete":     ownerDelete,
		"max-unavailable":  ofLaterUpdate(togetherAtMost),
		"update-strategy":  ofLaterUpdate(togetherAtMost),
		"partition-range":  ofLaterUpdate(reaches),
		"claim-reuse":      ofChange(claimReuse),
	}
}

// unforeseen are rules whose messages name pods or claims of which they do not say that they stop, vanish or are deleted by the
// request.
func unforeseen() map[string]string {
	return map[string]string{
		"volume-protection":  "it names a pod that uses the claim; that a finalizer is removed is not forecast",
		"pod-labels":         "a forecast of labels that are taken away does not exist",
		"snapshot-last-copy": "it names a claim that loses its last snapshot, not its data",
		"references-in-use":  "it names pods that cannot start again later; a forecast is of what a request changes",
		"node-delete":        "it names what runs on a node now; a forecast is of what a request changes",
		"volume-attachment":  "it names a pod that uses the volume now; a forecast is of what a request changes",
		"pods-at-once":       "it names members that are not Ready now; a forecast is of what a request changes",
		"rollout-group":      "it names pods of another set, which the request does not change",
		"image-change":       "it names a pod that runs the image with which the new one is compared",
		"data-path":          "it names a pod that finds its data where the new one does not",
		"canary-progress":    "it names pods that keep the partition from being lowered, not pods that the request changes",
	}
}

func ofChange(compare func(what string, change preview.Change) string) comparison {
	return func(what string, seen foreseen) (string, bool) {
		if seen.change == nil {
			return "", false
		}
		return compare(what, *seen.change), true
	}
}

// ofLaterUpdate is for messages about the next change of the template.
func ofLaterUpdate(compare func(what string, replicas int, timeline forecast.Timeline) string) comparison {
	return func(what string, seen foreseen) (string, bool) {
		set, known := seen.after()
		if !known {
			return "", false
		}
		state := forecast.State{Gates: gates(), Set: set, Revisions: []forecast.Revision{{Name: "now", Number: 1, Template: "now"}}}
		state.Set.Template, state.Set.CurrentRevision, state.Set.CurrentReplicas = "now", "now", set.Replicas
		for index := range set.Replicas {
			state.Pods = append(state.Pods, forecast.Pod{Ordinal: set.Start + index, UID: strconv.Itoa(index), Revision: "now", Phase: forecast.Running, Ready: true, ReadySince: -1 << 20})
		}
		later := state.Set
		later.Template = "later"
		return compare(what, set.Replicas, forecast.Run(state, forecast.Change{Action: forecast.UpdateSet, Set: later}, forecast.Assumptions{})), true
	}
}

// after is the StatefulSet as the request leaves it.
func (f foreseen) after() (set forecast.Set, known bool) {
	if f.request.Resource.Resource != "statefulsets" || f.request.SubResource != "" || f.request.Operation == admissionv1.Delete {
		return set, false
	}
	stored, err := preview.Read(f.request.Object.Raw)
	return stored.Set, err == nil
}

func scaleDown(what string, c preview.Change) string {
	stops, rest, _ := strings.Cut(what, ";")
	stops, votes, _ := strings.Cut(stops, " of ")
	if difference := differ("stopped pods", named(stops), c.Stops); difference != "" {
		return difference
	}
	if strings.Contains(rest+votes, "stay") && strings.Contains(rest, "claims") {
		return differ("claims", list{}, c.Claims)
	}
	return ""
}

func scaleToZero(what string, c preview.Change) string {
	want := count(what, `all (\d+) pods`)
	together := 1
	if strings.Contains(what, "at once") {
		together = want
	}
	switch {
	case len(c.Stops) != want:
		return fmt.Sprintf("%d pods stop", len(c.Stops))
	case c.Together != together:
		return fmt.Sprintf("%d pods stop at a time", c.Together)
	case strings.Contains(what, "DELETED") != (len(c.Claims) > 0):
		return fmt.Sprintf("claims %v are deleted", c.Claims)
	}
	return ""
}

func cascadeDelete(what string, c preview.Change) string {
	if want := count(what, `all (\d+) of its pods`); want != len(c.Stops) {
		return fmt.Sprintf("%d pods stop", len(c.Stops))
	}
	if strings.Contains(what, "DELETED") != (len(c.Claims) > 0) {
		return fmt.Sprintf("claims %v are deleted", c.Claims)
	}
	if _, list, found := strings.Cut(what, "(whenDeleted: Delete): "); found {
		return differ("claims", named(list), c.Claims)
	}
	if _, list, found := strings.Cut(what, "DELETED with it: "); found {
		return differ("claims", named(list), c.Claims)
	}
	return ""
}

func ordinalsStart(what string, c preview.Change) string {
	// Claims that no pod finds any more, and pods of a former set: the message does not name what starts.
	if strings.Contains(what, " find") {
		return differ("stopped pods", list{}, c.Stops)
	}
	if stopped, _, former := strings.Cut(what, ", which a former StatefulSet"); former {
		return differ("stopped pods", spans(stopped), c.Stops)
	}
	stops, starts, _ := strings.Cut(what, "starts ")
	if difference := differ("stopped pods", spans(stops), c.Stops) + differ("started pods", spans(starts), c.Starts); difference != "" {
		return difference
	}
	if strings.Contains(what, "DELETED") != (len(c.Claims) > 0) {
		return fmt.Sprintf("claims %v are deleted", c.Claims)
	}
	return ""
}

func canaryFirst(what string, c preview.Change) string {
	want := count(what, `(\d+) (?:of \d+ )?pods`)
	if len(c.Restarts) != want {
		return fmt.Sprintf("%d pods are replaced", len(c.Restarts))
	}
	return ""
}

func onDelete(what string, c preview.Change) string {
	if strings.Contains(what, " restarts ") {
		return differ("replaced pods", named(what), c.Restarts)
	}
	return differ("pods that wait", named(what), c.Pods)
}

func claimInUse(what string, c preview.Change) string {
	names := slices.DeleteFunc(quoted(what), func(name string) bool { return len(words(name)) == 0 })
	if difference := differ("claims", list{names: names}, c.Claims); difference != "" {
		return difference
	}
	if lost := strings.Contains(what, "DELETED"); lost != (len(c.Lost) > 0) {
		return fmt.Sprintf("volumes %v are lost", c.Lost)
	}
	return ""
}

// stuckRollout takes pods that are not Ready for ones that never get Ready, as the message does.
func stuckRollout(what string, seen foreseen) (string, bool) {
	pod := named(what).names[0]
	seen.inventory.neverReady = true
	made, err := preview.Make(&seen.request, seen.inventory, gates())
	if err != nil || len(made.Changes) != 1 {
		return fmt.Sprintf("%d forecasts: %v", len(made.Changes), err), true
	}
	if end := made.Changes[0]; end.End != forecast.Stuck || !slices.Contains(end.Pods, pod) {
		return fmt.Sprintf("the end is %s for %v", end.End, end.Pods), true
	}
	return "", true
}

func forceDeletePod(what string, seen foreseen) (string, bool) {
	if seen.change == nil {
		return "", false
	}
	pods := slices.DeleteFunc(quoted(what), func(name string) bool { return !seen.names(name) })
	return differ("pods that start again", list{names: pods}, append(seen.change.Restarts, seen.change.Starts...)), true
}

// ownerDelete compares with the deletion that the garbage collector makes.
func ownerDelete(what string, seen foreseen) (string, bool) {
	_, owned, _ := strings.Cut(what, " StatefulSet ")
	name, _, _ := strings.Cut(owned, ":")
	set, known := seen.inventory.StatefulSet("default", name)
	if !known {
		return "StatefulSet " + name + " is not there", true
	}
	state := forecast.State{Set: set.Set}
	state.Pods, _ = seen.inventory.Pods(set.Set)
	state.Claims, _ = seen.inventory.Claims(set.Set)
	for _, claim := range state.Claims {
		for index, owner := range claim.Owners {
			// What owns the set is gone before the set is.
			if kind := strings.Fields(owner.Kind); strings.Contains(what, kind[len(kind)-1]) {
				claim.Owners[index] = forecast.Owner{Kind: "StatefulSet", Name: set.Name, UID: set.UID}
			}
		}
	}
	change := forecast.Change{Action: forecast.DeleteSet, Propagation: forecast.Background}
	summary := forecast.Summarize(state, forecast.Run(state, change, forecast.Assumptions{}))
	if want := count(what, `stops (\d+) pod`); want != len(summary.Stops) {
		return fmt.Sprintf("%d pods stop", len(summary.Stops)), true
	}
	_, claims, _ := strings.Cut(what, "of data: ")
	return differ("claims", named(claims), summary.Claims), true
}

func claimReuse(what string, c preview.Change) string {
	_, ordinal, _ := forecast.CutOrdinal(named(what).names[0])
	if !slices.ContainsFunc(append(c.Starts, c.Pods...), func(pod string) bool { return strings.HasSuffix(pod, "-"+strconv.Itoa(ordinal)) }) {
		return fmt.Sprintf("pods %v start, and %v wait", c.Starts, c.Pods)
	}
	return ""
}

func namespaceDelete(what string, seen foreseen) (string, bool) {
	running, lost := 0, 0
	for _, change := range seen.preview.Changes {
		if len(change.Stops) > 0 {
			running++
		}
		lost += len(change.Lost)
	}
	if running != count(what, `(\d+) running`) || lost != count(what, `(\d+) with a disk`) {
		return fmt.Sprintf("%d StatefulSets stop, and %d volumes are lost", running, lost), true
	}
	return "", true
}

func serviceInUse(what string, seen foreseen) (string, bool) {
	if seen.change == nil || seen.request.Operation != admissionv1.Delete {
		return "", false
	}
	var short []string
	for _, name := range named(what).names {
		short = append(short, strings.TrimSuffix(name, ".cluster.local"))
	}
	return differ("names", list{names: short}, seen.change.NamesGone), true
}

// togetherAtMost compares how many pods an update stops at a time.
func togetherAtMost(what string, replicas int, timeline forecast.Timeline) string {
	want := count(what, `(\d+) (?:of \d+ )?pods`)
	switch {
	case strings.Contains(what, "all pods at once"):
		want = replicas
	case want == 0:
		return ""
	}
	if got := together(timeline); got != want {
		return fmt.Sprintf("an update stops %d pods at a time", got)
	}
	return ""
}

func together(timeline forecast.Timeline) (most int) {
	rounds := map[int]int{}
	for _, step := range timeline.Steps {
		if step.Kind == forecast.PodStops {
			rounds[step.Round]++
			most = max(most, rounds[step.Round])
		}
	}
	return most
}

func reaches(what string, _ int, timeline forecast.Timeline) string {
	replaced := together(timeline) > 0
	if none := strings.Contains(what, "reach any pod") || strings.Contains(what, "reaches no pod"); none == replaced && none {
		return "an update replaces pods"
	}
	return ""
}

// differ compares names. A message may end with "and 2 more".
func differ(what string, said list, got []string) string {
	if said.more > 0 {
		if len(got) != len(said.names)+said.more {
			return fmt.Sprintf("%s are %v", what, got)
		}
		got = slices.DeleteFunc(slices.Clone(got), func(name string) bool { return !slices.Contains(said.names, name) })
	}
	sorted := func(names []string) []string { return slices.Sorted(slices.Values(names)) }
	if diff := cmp.Diff(sorted(said.names), sorted(got)); diff != "" {
		return fmt.Sprintf("%s differ (-message +forecast):\n%s", what, diff)
	}
	return ""
}

// list are names in a message, and how many more it has.
type list struct {
	names []string
	more  int
}

func named(text string) list { return list{names: words(text), more: count(text, `and (\d+) more`)} }

func quoted(text string) (names []string) {
	for index, part := range strings.Split(text, `"`) {
		if index%2 == 1 {
			names = append(names, part)
		}
	}
	return names
}

// spans reads "web-0 to web-2 and web-5".
func spans(text string) (all list) {
	names, text := words(text), strings.ReplaceAll(text, " to ", "~")
	for index := 0; index < len(names); index++ {
		set, first, _ := forecast.CutOrdinal(names[index])
		last := first
		if strings.Contains(text, names[index]+"~") {
			index++
			_, last, _ = forecast.CutOrdinal(names[index])
		}
		for ; first <= last; first++ {
			all.names = append(all.names, set+"-"+strconv.Itoa(first))
		}
	}
	return all
}

var ordinal = regexp.MustCompile(`[a-z0-9.-]+-\d+[a-z0-9.-]*`)

func words(text string) []string { return ordinal.FindAllString(text, -1) }

func count(text, pattern string) int {
	if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
		number, _ := strconv.Atoi(found[1])
		return number
	}
	return 0
}
