package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// stateward is an identity that the first cluster is told of before it starts.
func stateward() Identity {
	return Identity{
		User:   "system:serviceaccount:stateward-system:stateward",
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:stateward-system"},
	}
}

func TestClustersRunSideBySide(t *testing.T) {
	used := startForTest(t, Options{Nodes: 2, Identities: []Identity{stateward()}})
	other := startForTest(t, Options{})

	t.Run("a stateful set runs and its pods are found by name", func(t *testing.T) { checkStatefulSet(t, used) })
	t.Run("the other cluster knows nothing of it", func(t *testing.T) { checkEmpty(t, other) })
	t.Run("kubeconfigs authenticate as exactly the user", func(t *testing.T) { checkKubeconfigs(t, used) })
	t.Run("kubectl's outputs and exit code are apart", func(t *testing.T) { checkKubectl(t, used) })
	t.Run("a killed process is told of and can be started again", func(t *testing.T) { checkRestart(t, other) })
	t.Run("a pod outlives its stopped node until the node is back", func(t *testing.T) { checkNodeOutage(t, other) })
	t.Run("stop leaves nothing behind", func(t *testing.T) {
		checkStop(t, used)
		checkStop(t, other)
	})
}

func checkStatefulSet(t *testing.T, c *Cluster) {
	client := clientOf(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), readyDeadline)
	defer cancel()
	if _, err := client.CoreV1().Services("default").Create(ctx, webService(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AppsV1().StatefulSets("default").Create(ctx, webSet(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web-0", "web-1"} {
		must(t, poll(ctx, podReady(client, name)))
		must(t, poll(ctx, claimBound(client, "www-"+name)))
	}
	if folders := c.volumeFolders(); len(folders) != 2 {
		t.Errorf("the volumes are in %v, want two folders", folders)
	}
	must(t, poll(ctx, namedByDNS(c, client, "web-0")))

	_, err := c.Resolver().LookupHost(ctx, "web-9.nginx.default.svc.cluster.local")
	var dnsError *net.DNSError
	if !errors.As(err, &dnsError) || !dnsError.IsNotFound {
		t.Errorf("the name of a pod that is not there gives %v, want that there is no such name", err)
	}
}

func checkEmpty(t *testing.T, c *Cluster) {
	sets, err := clientOf(t, c).AppsV1().StatefulSets("").List(t.Context(), metav1.ListOptions{})
	must(t, err)
	if len(sets.Items) != 0 {
		t.Errorf("the other cluster has %d stateful sets, want none", len(sets.Items))
	}
}

func checkKubeconfigs(t *testing.T, c *Cluster) {
	announced := stateward()
	made := Identity{User: "alice", Groups: []string{"team-a", "team-b"}}
	for name, identity := range map[string]Identity{"announced": announced, "made-up": made} {
		path, err := c.KubeconfigFor(name, identity.User, identity.Groups...)
		must(t, err)
		config, err := clientcmd.BuildConfigFromFlags("", path)
		must(t, err)
		if hasToken := config.BearerToken != ""; hasToken != (name == "announced") {
			t.Errorf("%s has a bearer token: %v", name, hasToken)
		}
		client, err := kubernetes.NewForConfig(config)
		must(t, err)
		checkIdentity(t, client, identity)
	}
	client, err := kubernetes.NewForConfig(c.ConfigFor(made.User, made.Groups...))
	must(t, err)
	checkIdentity(t, client, made)

	if _, err := c.KubeconfigFor("../escape", "alice"); err == nil {
		t.Error("a kubeconfig can be written outside of the cluster's folder")
	}
}

func checkIdentity(t *testing.T, client kubernetes.Interface, want Identity) {
	t.Helper()
	review, err := client.AuthenticationV1().SelfSubjectReviews().
		Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	must(t, err)
	got := review.Status.UserInfo
	// The API server itself adds a group to everybody it has recognised.
	groups := append(slices.Clone(want.Groups), "system:authenticated")
	if got.Username != want.User || !slices.Equal(got.Groups, groups) {
		t.Errorf("the API server sees user %s of %v, want %s of %v", got.Username, got.Groups, want.User, groups)
	}
}

func checkKubectl(t *testing.T, c *Cluster) {
	tests := map[string]struct {
		args   []string
		stdout string
		stderr string
		exit   int
	}{
		"success": {args: []string{"get", "storageclass", "-o", "name"}, stdout: "storageclass.storage.k8s.io/standard"},
		"failure": {args: []string{"get", "pod", "missing"}, stderr: `pods "missing" not found`, exit: 1},
		"version": {args: []string{"version"}, stdout: "Server Version: v1."},
	}
	for name, test := range tests {
		output, err := c.Kubectl(t.Context(), test.args...)
		must(t, err)
		if !strings.Contains(output.Stdout, test.stdout) || !strings.Contains(output.Stderr, test.stderr) || output.ExitCode != test.exit {
			t.Errorf("%s: got %+v, want %+v", name, output, test)
		}
	}
	configMap := strings.NewReader("{apiVersion: v1, kind: ConfigMap, metadata: {name: from-input}}")
	output, err := c.KubectlWithInput(t.Context(), configMap, "apply", "-f", "-")
	must(t, err)
	if output.ExitCode != 0 {
		t.Errorf("kubectl apply -f - fails: %+v", output)
	}
}

func checkRestart(t *testing.T, c *Cluster) {
	server := c.Process("kube-apiserver")
	old := server.PID()
	etcd := c.Process("etcd")
	etcd.Kill()
	must(t, etcd.Start())
	server.Kill()
	if server.PID() != 0 {
		t.Error("a killed process still has an id")
	}
	must(t, server.Start())
	ctx, cancel := context.WithTimeout(t.Context(), readyDeadline)
	defer cancel()
	must(t, poll(ctx, c.namespaceExists("default")))
	if server.PID() == old {
		t.Error("the process that was started again has the old id")
	}
	if err := c.Err(); err != nil {
		t.Errorf("a process that was killed on purpose is an error: %v", err)
	}
}

func checkNodeOutage(t *testing.T, c *Cluster) {
	client := clientOf(t, c)
	pods := client.CoreV1().Pods("default")
	ctx, cancel := context.WithTimeout(t.Context(), readyDeadline)
	defer cancel()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "lone"}, Spec: webSet().Spec.Template.Spec}
	pod.Spec.Containers[0].VolumeMounts = nil
	_, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	must(t, err)
	must(t, poll(ctx, podReady(client, "lone")))

	kubelet := c.Process("kwok-node-0")
	kubelet.Stop()
	must(t, pods.Delete(ctx, "lone", metav1.DeleteOptions{}))
	if _, err := pods.Get(ctx, "lone", metav1.GetOptions{}); err != nil {
		t.Errorf("the pod goes although its node is down: %v", err)
	}
	// Without its lease the node need not be waited for until the lease runs out.
	must(t, client.CoordinationV1().Leases("kube-node-lease").Delete(ctx, "node-0", metav1.DeleteOptions{}))
	must(t, kubelet.Start())
	must(t, poll(ctx, func(ctx context.Context) error {
		_, err := pods.Get(ctx, "lone", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("the pod is still there"), err)
	}))
}

func checkStop(t *testing.T, c *Cluster) {
	pids := pidsOf(c)
	volumes := c.volumeFolders()
	c.Stop()
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s is still there as process %d", name, pid)
		}
	}
	for _, path := range append(volumes, c.Dir()) {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	c.Stop()
	if _, err := c.start("late", nil); !errors.Is(err, errStopped) {
		t.Errorf("a process added to a stopped cluster gives %v, want %v", err, errStopped)
	}
}

func TestProgramThatExitsAtOnceIsReportedWithItsLog(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, err := Start(t.Context(), Options{APIServerArgs: []string{"--no-such-flag"}})
	if err == nil {
		t.Fatal("the cluster starts with a flag that its API server does not know")
	}
	for _, want := range []string{"kube-apiserver", "exit status 1", "unknown flag: --no-such-flag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if left := folderNames(t, os.Getenv("TMPDIR")); len(left) != 0 {
		t.Errorf("the failed start leaves %v behind", left)
	}
}

func TestCanceledContextStopsTheCluster(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Start(ctx, Options{WithoutKwok: true, WithoutDNS: true})
	must(t, err)
	pids := pidsOf(c)
	ended := c.Process("etcd").Exited()
	cancel()
	<-ended
	// A second call of Stop waits for the first.
	c.Stop()
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s is still there as process %d", name, pid)
		}
	}
}

func startForTest(t *testing.T, options Options) *Cluster {
	t.Helper()
	return ForTest(t, func(o *Options) {
		options.Out = o.Out
		*o = options
	})
}

func pidsOf(c *Cluster) map[string]int {
	pids := make(map[string]int)
	for _, process := range c.Processes() {
		pids[process.Name()] = process.PID()
	}
	return pids
}

func clientOf(t *testing.T, c *Cluster) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.Config())
	must(t, err)
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func podReady(client kubernetes.Interface, name string) probe {
	return func(ctx context.Context) error {
		pod, err := client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("pod %s is not ready: %+v", name, pod.Status)
	}
}

func claimBound(client kubernetes.Interface, name string) probe {
	return func(ctx context.Context) error {
		claim, err := client.CoreV1().PersistentVolumeClaims("default").Get(ctx, name, metav1.GetOptions{})
		if err == nil && claim.Status.Phase != corev1.ClaimBound {
			return fmt.Errorf("claim %s is %s", name, claim.Status.Phase)
		}
		return err
	}
}

func namedByDNS(c *Cluster, client kubernetes.Interface, pod string) probe {
	return func(ctx context.Context) error {
		object, err := client.CoreV1().Pods("default").Get(ctx, pod, metav1.GetOptions{})
		if err != nil {
			return err
		}
		addresses, err := c.Resolver().LookupHost(ctx, pod+".nginx.default.svc.cluster.local")
		if err == nil && !slices.Equal(addresses, []string{object.Status.PodIP}) {
			return fmt.Errorf("the name of %s gives %v, want %s", pod, addresses, object.Status.PodIP)
		}
		return err
	}
}

func webService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx"},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone,
			Selector:  map[string]string{"app": "nginx"},
			Ports:     []corev1.ServicePort{{Name: "web", Port: 80}},
		},
	}
}

func webSet() *appsv1.StatefulSet {
	replicas := int32(2)
	labels := map[string]string{"app": "nginx"}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.StatefulSetSpec{
			ServiceName: "nginx",
			Replicas:    &replicas,
			Selector:    &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name:         "nginx",
					Image:        "nginx:1.27",
					VolumeMounts: []corev1.VolumeMount{{Name: "www", MountPath: "/usr/share/nginx/html"}},
				}}},
			},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "www"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources: corev1.VolumeResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
					},
				},
			}},
		},
	}
}
