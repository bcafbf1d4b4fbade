package availability_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stateward/stateward/test/bench/load"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
)

const (
	// A kernel gives a tenth of a processor as 10 ms of each 100. Here all processors may be used meanwhile.
	quota, quotaPeriod = 10 * time.Millisecond, 100 * time.Millisecond
	// admissionTimeout is how long API servers wait for Stateward, by its registration.
	admissionTimeout = 5 * time.Second
)

// TestThrottledReplicasAnswerLateButCorrectly takes time away from replicas, under requests that are evaluated.
func TestThrottledReplicasAnswerLateButCorrectly(t *testing.T) {
	evaluated := quick()
	evaluated.evaluated = true
	f := newFleet(t, evaluated)
	for what, test := range map[string]throttling{
		"a tenth of a processor for one, at a rate that suits the others": {replicas: 1, rate: 50, outcomes: 150},
		"a tenth of a processor for each, at a rate that may be too much": {replicas: 3, rate: 500, outcomes: 1000},
	} {
		t.Run(what, func(t *testing.T) { f.crawls(t, test) })
	}
}

// throttling is of so many replicas, at so many requests per second, until so many of them have come to an end.
type throttling struct{ replicas, rate, outcomes int }

// crawls gives replicas a tenth of a processor. Late and excess requests are answered as such; none is allowed because time is short,
// no kubelet ends what is only slow, and when it is over all is as before.
func (f *fleet) crawls(t *testing.T, test throttling) {
	slow := *f.generator
	slow.Rate, slow.Timeout = test.rate, admissionTimeout
	result := whileAsking(t, &slow, func(result *load.Result) {
		awaitAnswers(t, result, burst)
		f.throttled(t, test.replicas, func() {
			awaitOutcomes(t, result, test.outcomes)
			for _, replica := range f.replicas {
				livesOn(t, replica)
			}
		})
	})
	t.Log(result)
	allLate(t, result)
	f.decidedAll(t, result)
	lostNone(t, f.underLoad(t, func(*load.Result) {}))
}

// throttled does something while so many replicas have a tenth of a processor each.
func (f *fleet) throttled(t *testing.T, replicas int, do func()) {
	t.Helper()
	for _, replica := range f.replicas[:replicas] {
		release := replica.Throttle(quota, quotaPeriod)
		defer func() {
			if err := release(); err != nil {
				t.Error(err)
			}
		}()
	}
	do()
}

// allLate fails the test if a request failed for another reason than its deadline, or if it was answered after its
// deadline.
func allLate(t *testing.T, result *load.Result) {
	t.Helper()
	for _, failure := range result.Failures() {
		if !errors.Is(failure.Err, context.DeadlineExceeded) &&
			!strings.Contains(failure.Err.Error(), "stateward: overloaded") &&
			!strings.Contains(failure.Err.Error(), "evaluation ran out of time") {
			t.Errorf("neither late nor turned away: %v", failure.Err)
		}
	}
}

// awaitOutcomes waits for more requests that are answered or fail.
func awaitOutcomes(t *testing.T, result *load.Result, count int) {
	t.Helper()
	awaitMore(t, result, count, 2*time.Minute, func() int { return result.Answered() + len(result.Failures()) })
}

// livesOn asks as kubelets do, which end a process that lets this many questions wait for so long.
func livesOn(t *testing.T, replica *environment.Replica) {
	t.Helper()
	probe := container(t).LivenessProbe
	client := http.Client{Timeout: time.Duration(probe.TimeoutSeconds) * time.Second}
	var err error
	for range probe.FailureThreshold {
		if _, err = cluster.Get(t.Context(), &client, replica.Probes+probe.HTTPGet.Path); err == nil {
			return
		}
	}
	t.Errorf("kubelets would end %s: %v", replica.Name(), err)
}

// container is that of the Deployment.
func container(t *testing.T) corev1.Container {
	t.Helper()
	found, err := environment.Container()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// decisions are what a replica counts, one line for each operation and decision.
var decisions = regexp.MustCompile(`(?m)^stateward_admission_requests_total\{decision="(\w+)",dry_run="\w+",operation="(\w+)"\} (\d+)$`)

// decidedAll checks that each request was allowed or denied as the rules decide, even if its client had gone, and that every
// answer has a decision.
func (f *fleet) decidedAll(t *testing.T, result *load.Result) {
	t.Helper()
	judged := 0
	for _, replica := range f.replicas {
		page, err := cluster.Get(t.Context(), http.DefaultClient, replica.Metrics+"/metrics")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range decisions.FindAllStringSubmatch(string(page), -1) {
			switch decision, operation := line[1], line[2]; {
			case operation == "UPDATE" && decision == "allowed", operation == "DELETE" && decision == "denied":
				count, err := strconv.Atoi(line[3])
				if err != nil {
					t.Fatal(err)
				}
				judged += count
			case decision != "shed" && decision != "error":
				t.Errorf("%s: of operation %s %s were %s", replica.Name(), operation, line[3], decision)
			}
		}
	}
	if judged < result.Answered() {
		t.Errorf("%d were judged, and %d answered", judged, result.Answered())
	}
}
