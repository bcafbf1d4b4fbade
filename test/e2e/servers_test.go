package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
)

// TestDecisionsAreRightBehindTwoAPIServers has Stateward watch one of them, through a balancer, while requests come through
// both; then lets etcd forget what Stateward's watches were about to tell, and ends the one that it watches for good.
func TestDecisionsAreRightBehindTwoAPIServers(t *testing.T) {
	guarded := environment.ForTest(t)
	// Without a cache of its own it remembers no more than etcd.
	url, err := guarded.AddAPIServer(t.Context(), "watched", "--watch-cache=false")
	if err != nil {
		t.Fatal(err)
	}
	between := newBalancer(t, url, guarded.Config().Host)
	g := newGuard(t, guarded)
	g.create(t, builders.MakeStatefulSet())
	g.watchThrough(t, between)
	watched := g.through(t, url)

	g.fresh(t, "through-the-other")
	watched.fresh(t, "through-the-watched")
	for index := range 20 {
		service, set := g.pair(fmt.Sprintf("through-both-%d", index))
		if err := g.createService(t.Context(), service); err != nil {
			t.Fatal(err)
		}
		if err := watched.tryStatefulSet(t.Context(), set); err != nil {
			t.Errorf("right behind its Service: %v", err)
		}
	}
	g.unseen(t, "round-0")
	for round := range 3 {
		g.relists(t, watched, between, fmt.Sprintf("round-%d", round), fmt.Sprintf("round-%d", round+1))
	}
	guarded.Process("watched").Kill()
	g.fresh(t, "after-the-watched")
}

// watchThrough starts Stateward again, for which all API servers are behind the balancer.
func (g guard) watchThrough(t *testing.T, between *balancer) {
	t.Helper()
	path := filepath.Join(g.Dir(), "kubeconfigs", g.Stateward.Name()+".kubeconfig")
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range config.Clusters {
		each.Server = "https://" + between.Addr().String()
	}
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	g.Stateward.Stop()
	if err := g.Stateward.Start(); err != nil {
		t.Fatal(err)
	}
	g.supervised(t)
	g.trusted(t)
}

// through is the guard whose requests go to another API server.
func (g guard) through(t *testing.T, url string) guard {
	t.Helper()
	config := g.Config()
	config.Host = url
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	other := *g.Environment
	other.Client = client
	return guard{Environment: &other, namespace: g.namespace, server: url}
}

// unseen makes a Service with its set without asking Stateward.
func (g guard) unseen(t *testing.T, name string) {
	t.Helper()
	service, set := g.pair(name)
	set.Replicas(1)
	for _, object := range []any{service, set.StatefulSet} {
		g.allowed(t, string(builders.JSON(object)), append(breakGlass(), "create", "-f", "-")...)
	}
}

// relists breaks all watches, replaces a Service and its set by newer ones, and has etcd forget how that came: no watch can
// go on where it was. Both changes are to be known nevertheless.
func (g guard) relists(t *testing.T, watched guard, between *balancer, older, newer string) {
	t.Helper()
	// A client does not try to go on with a watch that broke in its first second.
	time.Sleep(time.Second)
	ended := watched.endedWatches(t)
	between.interrupt(func() {
		before := g.revision(t)
		g.unseen(t, newer)
		g.allowed(t, "", append(breakGlass(), "delete", "statefulset,service", older)...)
		if err := g.Compact(t.Context(), g.revision(t)); err != nil {
			t.Fatal(err)
		}
		watched.forgot(t, before)
	})
	g.eventuallySays(t, true, "[service-in-use]", "delete", "service", newer, "--dry-run=server")
	_, orphan := g.pair(older)
	eventually(t, "the deleted Service is not known any more", func(ctx context.Context) (bool, error) {
		err := g.tryStatefulSet(ctx, orphan)
		return err != nil && strings.Contains(err.Error(), "[headless-service]"), nil
	})
	eventually(t, "the watch that broke and the one that came too late have ended", func(context.Context) (bool, error) {
		return watched.endedWatches(t) >= ended+2, nil
	})
}

// servicesWatched is where an API server counts watches of Services that have ended.
var servicesWatched = regexp.MustCompile(`(?m)^apiserver_request_total\{.*resource="services",.*verb="WATCH",.*\} (\d+)$`)

func (g guard) endedWatches(t *testing.T) (sum int) {
	t.Helper()
	page, err := g.Client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range servicesWatched.FindAllSubmatch(page, -1) {
		count, err := strconv.Atoi(string(line[1]))
		if err != nil {
			t.Fatal(err)
		}
		sum += count
	}
	return sum
}

// revision is the present one of etcd.
func (g guard) revision(t *testing.T) string {
	t.Helper()
	list, err := g.Client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.ResourceVersion
}

// forgot wants that no watch can begin where this one was: 410, Gone.
func (g guard) forgot(t *testing.T, revision string) {
	t.Helper()
	events, err := g.Client.AppsV1().StatefulSets("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: revision})
	if err == nil {
		defer events.Stop()
		event := <-events.ResultChan()
		err = apierrors.FromObject(event.Object)
	}
	if !apierrors.IsResourceExpired(err) {
		t.Fatalf("a watch goes on, or ends for another reason: %v", err)
	}
}
