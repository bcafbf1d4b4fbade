package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/webhook/registration"
)

// longestAnswer bounds what is read of /readyz, in bytes.
const longestAnswer = 64 << 10

const giveProbes = "kubectl -n " + registration.Namespace + " port-forward deployment/" + registration.Name + " 8081, and give --probes http://127.0.0.1:8081"

// checkReady reads the readiness of each pod: its caches must be complete and its certificate valid. A pod that does not
// answer is reported as unchecked: its kubelet may call it Ready while another process answers the API server.
func (e *examination) checkReady(ctx context.Context) {
	if e.Probes != "" {
		answer, err := e.fetch(ctx)
		e.evaluateReadiness("", answer, err)
		return
	}
	var pods corev1.PodList
	err := e.client.List(ctx, &pods, client.InNamespace(registration.Namespace), client.MatchingLabels{"app.kubernetes.io/name": registration.Name})
	if err != nil {
		e.unchecked("", giveProbes, err, "the readiness of the webhook was not checked: its pods cannot be listed")
		return
	}
	if len(pods.Items) == 0 {
		e.unchecked("", "check that the Deployment exists, or give --probes", nil,
			"the readiness of the webhook was not checked: namespace %s has no Stateward pod", registration.Namespace)
	}
	for _, pod := range pods.Items {
		answer, err := e.fetchThroughServer(ctx, pod.Name)
		e.evaluateReadiness("Pod/"+pod.Namespace+"/"+pod.Name, answer, err)
	}
}

// errNotReady is an answer, though not a good one.
var errNotReady = errors.New("not ready")

func (e *examination) evaluateReadiness(object, answer string, err error) {
	switch {
	case errors.Is(err, errNotReady):
		e.problem(object, "check the log of `stateward serve`", "it is not ready: %s", failing(answer))
	case err != nil:
		e.unchecked(object, giveProbes, err, "its readiness was not checked")
	default:
		e.ok(object, "its caches are complete and its certificate is valid")
	}
}

// failing are the lines of /readyz that begin with [-].
func failing(answer string) string {
	var lines []string
	for line := range strings.Lines(answer) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "[-]"); is {
			lines = append(lines, name)
		}
	}
	return strings.Join(lines, "; ")
}

func (e *examination) fetch(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(e.Probes, "/")+"/readyz?verbose", nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	switch {
	case err != nil:
		return "", err
	case response.StatusCode == http.StatusOK:
		return string(answer), nil
	case strings.Contains(string(answer), "[-]"):
		return string(answer), errNotReady
	default:
		return "", fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
}

// fetchThroughServer needs the right to get pods/proxy, and no way to the pod.
func (e *examination) fetchThroughServer(ctx context.Context, pod string) (string, error) {
	answer, err := e.discovery.RESTClient().Get().
		AbsPath("/api/v1/namespaces", registration.Namespace, "pods", pod+":8081", "proxy", "readyz").
		Param("verbose", "true").DoRaw(ctx)
	if err != nil && strings.Contains(string(answer), "[-]") && !apierrors.IsForbidden(err) {
		return string(answer), errNotReady
	}
	return string(answer), err
}
