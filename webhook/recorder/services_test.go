package recorder_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/stateward/stateward/webhook/recorder"
)

func TestRecorderChecksLaterForMissingServices(t *testing.T) {
	t.Parallel()
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db"}}
	set := func(uid types.UID, service string, pods int32) *appsv1.StatefulSet {
		return &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: uid},
			Spec:       appsv1.StatefulSetSpec{ServiceName: service}, Status: appsv1.StatefulSetStatus{Replicas: pods},
		}
	}
	const missing = "shop StatefulSet/web Warning HeadlessService: [headless-service] spec.serviceName: Service \"db\" does not exist in namespace shop, " +
		"so the DNS names of 3 pods do not resolve. Fix: create a Service \"db\" with `clusterIP: None`."
	for name, test := range map[string]struct {
		objects []client.Object
		fails   bool
		want    []string
		told    []string
	}{
		"the Service is there":     {objects: []client.Object{set("s1", "db", 3), service}, want: []string{"found"}},
		"the Service is missing":   {objects: []client.Object{set("s1", "db", 3)}, want: []string{"missing", "missing"}, told: []string{missing + " (2)"}},
		"the set has no pods":      {objects: []client.Object{set("s1", "db", 0)}, want: []string{"idle", "idle"}},
		"the set names none":       {objects: []client.Object{set("s1", "", 3)}, want: []string{"gone"}},
		"the set is another one":   {objects: []client.Object{set("s2", "db", 3)}, want: []string{"gone"}},
		"the set is gone":          {want: []string{"gone"}},
		"the API server is away":   {fails: true, want: []string{"failed", "failed"}},
		"another Service is there": {objects: []client.Object{set("s1", "other", 0), service}, want: []string{"idle", "idle"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := cluster(t, test.objects...)
				var mutex sync.Mutex
				var got []string
				writes := recorder.New(recorder.Options{
					Client: interceptor.NewClient(api, interceptor.Funcs{
						Get: func(ctx context.Context, to client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
							if test.fails {
								return errors.New("no route to host")
							}
							return to.Get(ctx, key, object, options...)
						},
					}),
					Count: func(string, string) {},
					Checked: func(result string) {
						mutex.Lock()
						defer mutex.Unlock()
						got = append(got, result)
					},
					Now: time.Now, Log: logr.Discard(),
				})
				ctx, end := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() {
					if err := writes.Run(ctx); err != nil {
						t.Error(err)
					}
				})
				writes.CheckService(types.NamespacedName{Namespace: "shop", Name: "web"}, "s1")
				time.Sleep(time.Minute - time.Second)
				synctest.Wait()
				mutex.Lock()
				early := slices.Clone(got)
				mutex.Unlock()
				time.Sleep(time.Hour)
				end()
				running.Wait()
				if len(early) > 0 {
					t.Errorf("%v within a minute", early)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("looks (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.told, told(t, api)); diff != "" {
					t.Errorf("Events (-want +got):\n%s", diff)
				}
			})
		})
	}
}
