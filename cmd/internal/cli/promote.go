package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/cmd/internal/canary"
	"github.com/stateward/stateward/policies"
)

// promoteOptions are the flags of `stateward promote`.
type promoteOptions struct {
	clusterOptions

	namespace string
	to        int
	yes       bool
}

func newPromote(streams Streams) *cobra.Command {
	var options promoteOptions
	command := &cobra.Command{
		Use:   "promote sts/NAME",
		Short: "Let the other pods follow a canary",
		Long: `Show how the pods of the new revision are doing, and lower the partition of a StatefulSet after you agree, so that the
other pods follow one by one. It refuses while a pod of the canary is missing, not updated or not Ready, and changes
nothing if the StatefulSet has changed since it was shown.

Stateward keeps the partition of a canary with the label stateward.dev/canary: auto against service accounts. In a
pipeline, name the account in spec.actors of the Guardrails and its actor in spec.promoters. You need permission to
patch the StatefulSet and to list its pods.`,
		Example: `  stateward promote sts/web -n data
  stateward promote sts/web --to 1
  stateward promote sts/web --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return runPromote(command.Context(), args[0], options, streams)
		},
	}
	flags := command.Flags()
	options.add(flags)
	flags.StringVarP(&options.namespace, "namespace", "n", "", "`namespace` of the StatefulSet (default: that of the kubeconfig context)")
	flags.IntVar(&options.to, "to", 0, "the new `partition`: pods with a lower index keep the current revision")
	flags.BoolVarP(&options.yes, "yes", "y", false, "lower the partition without asking")
	return command
}

// promotion lowers the partition of one StatefulSet.
type promotion struct {
	options promoteOptions
	name    string
	sets    dynamic.ResourceInterface
	pods    dynamic.ResourceInterface
	streams Streams
}

func runPromote(ctx context.Context, object string, options promoteOptions, streams Streams) error {
	name, err := setCalled(object)
	if err != nil {
		return usageError{err}
	}
	_, client, namespace, err := confirmOptions{clusterOptions: options.clusterOptions, namespace: options.namespace}.reach(streams)
	if err != nil {
		return err
	}
	sets, _ := policies.LookupResource("statefulsets")
	pods, _ := policies.LookupResource("pods")
	p := promotion{
		options: options, name: name, streams: streams,
		sets: resourceClient(client, sets, namespace), pods: resourceClient(client, pods, namespace),
	}
	return p.run(ctx)
}

// setCalled is the name in sts/NAME.
func setCalled(object string) (string, error) {
	kind, name, found := strings.Cut(object, "/")
	if !found || kind == "" || name == "" || strings.Contains(name, "/") {
		return "", fmt.Errorf("%q is not sts/NAME", object)
	}
	if resource, known := resourceCalled(kind); !known || resource.Name != "statefulsets" {
		return "", fmt.Errorf("%q is not a StatefulSet: only its partition can be lowered, as in sts/web", object)
	}
	return name, nil
}

func (p promotion) run(ctx context.Context) error {
	shown, err := p.check(ctx)
	if err != nil {
		return err
	}
	if !p.options.yes {
		question := fmt.Sprintf("Lower the partition from %d to %d? %s", shown.Partition(), p.options.to, followers(shown, p.options.to))
		if err := ask(p.streams, question, "nothing is promoted"); err != nil {
			return err
		}
	}
	return p.lower(ctx, shown)
}

// followers names the first pods that are updated then.
func followers(shown canary.Canary, to int) string {
	names := shown.Followers(to)
	if len(names) > 5 {
		names = append(names[:5:5], "and so on")
	}
	return strings.Join(names, ", ") + " follow."
}

// check reads and shows the canary, and returns an error if it cannot be promoted.
func (p promotion) check(ctx context.Context) (canary.Canary, error) {
	shown, err := p.read(ctx)
	if err != nil {
		return shown, err
	}
	if err := shown.Nothing(p.options.to); err != nil {
		return shown, usageError{err}
	}
	if _, err := fmt.Fprint(p.streams.Out, printable(shown.Text(time.Now()), "\n")); err != nil {
		return shown, err
	}
	if err := shown.Unready(); err != nil {
		return shown, codedError{ExitViolations, err}
	}
	return shown, nil
}

func (p promotion) read(ctx context.Context) (canary.Canary, error) {
	stored, err := p.sets.Get(ctx, p.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return canary.Canary{}, usageError{fmt.Errorf("promote: %w", err)}
	}
	if err != nil {
		return canary.Canary{}, fmt.Errorf("promote: %w", err)
	}
	var set appsv1.StatefulSet
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &set); err != nil {
		return canary.Canary{}, fmt.Errorf("read StatefulSet %s: %w", p.name, err)
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return canary.Canary{}, fmt.Errorf("read StatefulSet %s: %w", p.name, err)
	}
	listed, err := p.pods.List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return canary.Canary{}, fmt.Errorf("promote: list pods: %w", err)
	}
	var pods corev1.PodList
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(listed.UnstructuredContent(), &pods); err != nil {
		return canary.Canary{}, fmt.Errorf("read the pods of StatefulSet %s: %w", p.name, err)
	}
	return canary.New(&set, pods.Items), nil
}

// errChanged is about an answer to something else.
var errChanged = errors.New("nothing is promoted: the StatefulSet has changed since it was shown; repeat this command")

// lower patches the StatefulSet that was shown. Its status changes all the time, its generation only with its spec.
func (p promotion) lower(ctx context.Context, shown canary.Canary) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": shown.Set.UID},
		{"op": "test", "path": "/metadata/generation", "value": shown.Set.Generation},
		{"op": "replace", "path": "/spec/updateStrategy/rollingUpdate/partition", "value": p.options.to},
	})
	if err != nil {
		return err
	}
	patched, err := p.sets.Patch(ctx, p.name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: "stateward-promote"})
	if apierrors.IsInvalid(err) && p.hasChanged(ctx, shown) {
		return codedError{ExitViolations, errChanged}
	}
	if err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	var set appsv1.StatefulSet
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(patched.Object, &set); err != nil {
		return fmt.Errorf("read StatefulSet %s: %w", p.name, err)
	}
	if kept := canary.New(&set, nil).Partition(); kept > p.options.to {
		return codedError{ExitViolations, errKept(kept)}
	}
	_, err = fmt.Fprintf(p.streams.Out, "statefulset/%s: the partition is %d\n", p.name, p.options.to)
	return err
}

// hasChanged looks again: the API server does not say which operation of a JSON patch failed.
func (p promotion) hasChanged(ctx context.Context, shown canary.Canary) bool {
	now, err := p.sets.Get(ctx, p.name, metav1.GetOptions{})
	return err == nil && (now.GetUID() != shown.Set.UID || now.GetGeneration() != shown.Set.Generation)
}

// errKept is the answer to a service account whose update changed nothing.
func errKept(partition int) error {
	return fmt.Errorf("nothing is promoted: Stateward keeps partition %d, because this service account is not a promoter; "+
		"name it in spec.actors of the Guardrails and its actor in spec.promoters, or let a person run this command", partition)
}
