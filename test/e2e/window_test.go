package e2e_test

import (
	"context"
	"flag"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

var pairs = flag.Int("pairs", 0, "`number` of times that two replicas decide about two sets of a group, for each distance in time")

// TestRolloutGroupsHoldAcrossReplicas lets one replica decide about the set "peer", and another about all else. Each knows what the other
// admitted once it is written. With -pairs it measures how often both are admitted before that.
func TestRolloutGroupsHoldAcrossReplicas(t *testing.T) {
	g := newGuard(t, environment.ForTest(t))
	g.secondReplicaDecidesAbout(t, "peer")
	g.createMembers(t, member("web", "shards", 1), member("peer", "shards", 1))
	for round, names := range [][]string{{"web", "peer"}, {"peer", "web"}} {
		must(t, g.annotated(t.Context(), names[0], strconv.Quote(strconv.Itoa(round)), badImage))
		if err := g.annotated(t.Context(), names[1], strconv.Quote(strconv.Itoa(round)), badImage); !isGroupDenial(err) {
			t.Fatalf("%s after %s: %v", names[1], names[0], err)
		}
		g.takenBack(t, names[0])
	}
	for _, milliseconds := range []int{0, 2, 5, 10, 20, 50, 100} {
		distance := time.Duration(milliseconds) * time.Millisecond
		both := 0
		for pair := range *pairs {
			if g.bothAdmitted(t, strconv.Quote(distance.String()+"-"+strconv.Itoa(pair)), distance) {
				both++
			}
		}
		t.Logf("%s apart: both admitted in %d of %d", distance, both, *pairs)
	}
}

func isGroupDenial(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "[rollout-group]")
}

// bothAdmitted updates both sets, the second so much later, and takes back what was admitted.
func (g guard) bothAdmitted(t *testing.T, annotation string, distance time.Duration) bool {
	t.Helper()
	var first atomic.Bool
	done := make(chan struct{})
	update := func(name string) bool {
		err := g.annotated(t.Context(), name, annotation, badImage)
		if err != nil && !isGroupDenial(err) {
			t.Error(err)
		}
		return err == nil
	}
	go func() { defer close(done); first.Store(update("web")) }()
	time.Sleep(distance)
	second := update("peer")
	<-done
	if !first.Load() && !second {
		t.Errorf("%s: neither was admitted", annotation)
	}
	for name, admitted := range map[string]bool{"web": first.Load(), "peer": second} {
		if admitted {
			g.takenBack(t, name)
		}
	}
	return first.Load() && second
}

// secondReplicaDecidesAbout starts another replica, which the API server asks about objects of one name, and no other.
func (g guard) secondReplicaDecidesAbout(t *testing.T, name string) {
	t.Helper()
	replica, err := g.AddReplica(t.Context(), "stateward-second", "127.0.0.1", "--certificate-hosts", "127.0.0.1")
	must(t, err)
	api := g.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	first, err := api.Get(t.Context(), registration.Name, metav1.GetOptions{})
	must(t, err)
	second := first.DeepCopy()
	second.ObjectMeta = metav1.ObjectMeta{Name: registration.Name + "-second"}
	for index := range first.Webhooks {
		ask(&first.Webhooks[index], "request.name != '"+name+"'")
		ask(&second.Webhooks[index], "request.name == '"+name+"'")
		url := strings.Replace(*second.Webhooks[index].ClientConfig.URL, g.Webhook, "https://"+replica.Address, 1)
		second.Webhooks[index].ClientConfig.URL = &url
	}
	_, err = api.Update(t.Context(), first, metav1.UpdateOptions{})
	must(t, err)
	g.isAskedAbout(t, name, false)
	_, err = api.Create(t.Context(), second, metav1.CreateOptions{})
	must(t, err)
	g.isAskedAbout(t, name, true)
}

// isAskedAbout waits until a set of this name is checked, or is no longer: a dry run of one without its Service warns.
func (g guard) isAskedAbout(t *testing.T, name string, checked bool) {
	t.Helper()
	set := builders.MakeStatefulSet().Name(name)
	set.Namespace = g.namespace
	eventually(t, "the API server follows its configuration", func(context.Context) (bool, error) {
		output, code := g.kubectl(t, string(set.JSON()), "create", "--dry-run=server", "-f", "-")
		return code == 0 && strings.Contains(output, "[headless-service]") == checked, nil
	})
}

func ask(webhook *admissionregistrationv1.ValidatingWebhook, expression string) {
	webhook.MatchConditions = append(webhook.MatchConditions, admissionregistrationv1.MatchCondition{Name: "replica", Expression: expression})
}
