package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/confirmations"
)

// errNotRecorded is about a confirmation without effect.
var errNotRecorded = errors.New("the confirmation has no effect, because Stateward did not record who confirms: " +
	"Stateward's mutating webhook did not answer; see that `stateward serve` runs and is registered, and repeat this command")

// confirmOptions are the flags of `stateward confirm`.
type confirmOptions struct {
	clusterOptions
	sweepOptions

	namespace string
	duration  time.Duration
	reason    string
}

// target is the object whose operation is confirmed.
type target struct {
	resource  policies.Resource
	name      string
	operation string
	// evaluated is the resource as the rules call it.
	evaluated string
}

func newConfirm(streams Streams) *cobra.Command {
	var options confirmOptions
	command := &cobra.Command{
		Use:   "confirm (KIND/NAME | release NAME | -f FILE | -k FOLDER | -l LABELS) OPERATION",
		Short: "Confirm a guarded operation for a few minutes",
		Long: `Allow one operation, on one object or on several, that Stateward would otherwise deny. The confirmation is valid for
the given time, and Stateward records who gave it.

For a single object, KIND/NAME, it is an annotation of that object; for a node, a Confirmation object in stateward-system.
For a Helm release, manifests or labels, it is a Confirmation object in their namespace: it shows what that covers and what
is lost, and asks before it creates it.
With the deletion of a StatefulSet its Service and budget are allowed to go, in any order.

KIND is statefulset (sts), service (svc), persistentvolumeclaim (pvc), persistentvolume (pv), poddisruptionbudget (pdb),
namespace (ns), pod (po), node (no), configmap (cm), secret, serviceaccount (sa), storageclass (sc), priorityclass (pc), or
a custom resource that owns StatefulSets, such as prometheus or rabbitmqclusters.rabbitmq.com. OPERATION is delete, scale
or update. You need permission to patch the object, or to create confirmations.stateward.dev in its namespace.`,
		Example: `  stateward confirm sts/web delete --for 10m --reason "the cluster moves"
  stateward confirm pvc/www-web-0 delete -n data
  stateward confirm prometheus/k8s delete -n monitoring
  stateward confirm release shop delete -n shop --reason "shop moves to another cluster"
  stateward confirm -f app.yaml delete`,
		Args: cobra.RangeArgs(1, 3),
		RunE: func(command *cobra.Command, args []string) error {
			defer streams.buildsKustomizations()()
			if options.duration <= 0 || options.duration > confirmations.Longest {
				return usageError{fmt.Errorf("--for %s: use more than 0s and at most %s", options.duration, confirmations.Longest)}
			}
			if options.several() || args[0] == "release" {
				return confirmSeveral(command.Context(), args, options, streams)
			}
			if len(args) != 2 {
				return usageError{errors.New("name an object and an operation, as in `stateward confirm sts/web delete`")}
			}
			return confirm(command.Context(), args[0], args[1], options, streams)
		},
	}
	flags := command.Flags()
	options.clusterOptions.add(flags)
	options.sweepOptions.add(flags)
	flags.StringVarP(&options.namespace, "namespace", "n", "", "`namespace` of the object (default: that of the kubeconfig context)")
	flags.DurationVar(&options.duration, "for", 10*time.Minute, "how long the confirmation is valid, at most 1h")
	flags.StringVar(&options.reason, "reason", "", "`text` to record with the confirmation")
	return command
}

func confirm(ctx context.Context, object, operation string, options confirmOptions, streams Streams) error {
	library, err := policies.Embedded()
	if err != nil {
		return err
	}
	target, err := targetOf(object, operation, library)
	if err != nil {
		return usageError{err}
	}
	if err := allConfirmable(options.rules, library); err != nil {
		return usageError{err}
	}
	var left []string
	if len(options.rules) == 0 {
		options.rules, left = target.rules(library)
	}
	if len(options.rules) == 0 {
		return usageError{fmt.Errorf("name the rules to confirm, because these are about loss of data: --rules %s", strings.Join(left, ","))}
	}
	way := annotate
	if !target.takesAnnotations(library) {
		way = coverOne
	}
	by, until, err := way(ctx, target, options, streams)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("%s/%s: %s confirms %s until %s, for %s\n",
		strings.ToLower(target.resource.Kind), target.name, by, target.operation, until, strings.Join(options.rules, ","))
	if len(left) > 0 {
		said += fmt.Sprintf("not confirmed without --rules, because they are about loss of data: %s\n", strings.Join(left, ","))
	}
	_, err = io.WriteString(streams.Out, said)
	return err
}

// rules are those to confirm where none are named, and those that are left out. An update or a change of scale can be of
// many kinds, so what can lose data must be named; a deletion is one thing.
func (t target) rules(library *policies.Library) (confirmed, left []string) {
	for _, rule := range confirming(t.evaluated, t.operation, library) {
		if rule.DataLoss && t.operation != "delete" {
			left = append(left, rule.ID)
		} else {
			confirmed = append(confirmed, rule.ID)
		}
	}
	return confirmed, left
}

// targetOf understands KIND/NAME and OPERATION, and refuses what no rule lets through for a confirmation.
func targetOf(object, operation string, library *policies.Library) (target, error) {
	kind, name, found := strings.Cut(object, "/")
	if !found || kind == "" || name == "" || strings.Contains(name, "/") {
		return target{}, fmt.Errorf("%q is not KIND/NAME, as in sts/web", object)
	}
	resource, known := resourceCalled(kind)
	evaluated := resource.Name
	if !known {
		evaluated = policies.ParentResource
		resource, known = parentCalled(kind)
	}
	operations := confirmable(evaluated, library)
	if !known || len(operations) == 0 {
		return target{}, fmt.Errorf("unknown kind %q: `stateward confirm --help` lists them", kind)
	}
	if !slices.Contains(operations, operation) {
		return target{}, fmt.Errorf("%q cannot be confirmed on a %s: use %s",
			operation, strings.ToLower(resource.Kind), strings.Join(operations, " or "))
	}
	return target{resource, name, operation, evaluated}, nil
}

// allConfirmable refuses rules that no confirmation lets anything through; those that are not built in are for the cluster to know.
func allConfirmable(ids []string, library *policies.Library) error {
	for _, id := range ids {
		for _, rule := range library.Rules {
			if rule.Called(id) && !rule.Confirm {
				return fmt.Errorf("--rules: rule %s cannot be confirmed", id)
			}
		}
	}
	return nil
}

// resourceCalled knows a resource by the names that kubectl takes: plural, singular, kind and short name.
func resourceCalled(word string) (policies.Resource, bool) {
	short := map[string]string{
		"sts": "statefulsets", "svc": "services", "pvc": "persistentvolumeclaims", "ns": "namespaces", "po": "pods",
		"pv": "persistentvolumes", "pdb": "poddisruptionbudgets", "no": "nodes",
		"cm": "configmaps", "sa": "serviceaccounts", "sc": "storageclasses", "pc": "priorityclasses",
	}
	word = strings.ToLower(word)
	for _, resource := range policies.Resources() {
		name := strings.TrimSuffix(word, "."+resource.Group)
		if name == resource.Name || name == strings.ToLower(resource.Kind) || short[name] == resource.Name {
			return resource, true
		}
	}
	return policies.Resource{}, false
}

// parentCalled knows a custom resource by its plural or singular, with or without its group. The cluster says which version
// it has.
func parentCalled(word string) (policies.Resource, bool) {
	name, group, _ := strings.Cut(strings.ToLower(word), ".")
	for _, parent := range policies.Parents() {
		// Every singular begins as its plural does, and is at most two letters shorter.
		is := strings.HasPrefix(parent.Resource, name) && len(parent.Resource)-len(name) <= 2
		if is && (group == "" || parent.Group == group) {
			return parentResource(parent), true
		}
	}
	// One that a team has added to the registration, by its whole name.
	if parent, err := policies.ParseParent(strings.ToLower(word)); err == nil {
		return parentResource(parent), true
	}
	return policies.Resource{}, false
}

func parentResource(parent policies.Parent) policies.Resource {
	return policies.Resource{Name: parent.Resource, Group: parent.Group, Kind: parent.Resource + "." + parent.Group, Namespaced: true}
}

// confirmable lists the operations on a resource that some rule lets through when they are confirmed, as the annotations
// name them.
func confirmable(resource string, library *policies.Library) (operations []string) {
	for _, operation := range []string{"delete", "scale", "update"} {
		if len(confirming(resource, operation, library)) > 0 {
			operations = append(operations, operation)
		}
	}
	return operations
}

// confirming lists the rules that let an operation on a resource through when it is confirmed.
func confirming(resource, operation string, library *policies.Library) (rules []policies.Rule) {
	evaluated := map[string][2]string{
		"delete": {resource, policies.Delete}, "update": {resource, policies.Update}, "scale": {resource + "/scale", policies.Update},
	}[operation]
	for _, rule := range library.Rules {
		if rule.Confirm && rule.AppliesTo(evaluated[0], evaluated[1]) && rule.When[resource] != policies.Metadata {
			rules = append(rules, rule)
		}
	}
	return rules
}

// reach finds the cluster, whose warnings are shown, and the namespace.
func (o confirmOptions) reach(streams Streams) (*rest.Config, dynamic.Interface, string, error) {
	config, namespace, err := o.connect(o.namespace)
	if err != nil {
		return nil, nil, "", usageError{err}
	}
	config.WarningHandler = rest.NewWarningWriter(streams.Err, rest.WarningWriterOptions{})
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, nil, "", usageError{fmt.Errorf("reach Kubernetes API: %w", err)}
	}
	return config, client, namespace, nil
}

// annotate writes the confirmation and returns who is on record for it, and until when.
func annotate(ctx context.Context, target target, options confirmOptions, streams Streams) (by, until string, err error) {
	config, client, namespace, err := options.reach(streams)
	if err != nil {
		return "", "", err
	}
	if target.resource.Version == "" {
		if target.resource.Version, err = preferredVersion(config, target.resource.Group); err != nil {
			return "", "", usageError{err}
		}
	}
	patch, err := json.Marshal(annotationPatch(target.operation, options))
	if err != nil {
		return "", "", err
	}
	marked, err := resourceClient(client, target.resource, namespace).
		Patch(ctx, target.name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "stateward-confirm"})
	if apierrors.IsNotFound(err) {
		return "", "", usageError{fmt.Errorf("confirm %s: %w", target.operation, err)}
	}
	if err != nil {
		return "", "", fmt.Errorf("confirm %s: %w", target.operation, err)
	}
	written := marked.GetAnnotations()
	by, until = written[policies.ConfirmedByAnnotation], written[policies.ConfirmUntilAnnotation]
	if by == "" || written[policies.ConfirmForAnnotation] != "" {
		return "", "", errNotRecorded
	}
	return by, until, nil
}

// preferredVersion is the version of an API group that the cluster prefers.
func preferredVersion(config *rest.Config, group string) (string, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return "", fmt.Errorf("reach Kubernetes API: %w", err)
	}
	groups, err := client.ServerGroups()
	if err != nil {
		return "", fmt.Errorf("list API groups: %w", err)
	}
	for _, each := range groups.Groups {
		if each.Name == group {
			return each.PreferredVersion.Version, nil
		}
	}
	return "", fmt.Errorf("the cluster has no API group %s", group)
}

// annotationPatch is the merge patch; the rules and the reason of an earlier confirmation are not kept for this one. The clock that
// counts is that of Stateward.
func annotationPatch(operation string, options confirmOptions) any {
	annotations := map[string]any{
		policies.ConfirmAnnotation:       operation,
		policies.ConfirmForAnnotation:    fmt.Sprintf("%ds", int(math.Ceil(options.duration.Seconds()))),
		policies.ConfirmRulesAnnotation:  strings.Join(options.rules, ","),
		policies.ConfirmReasonAnnotation: nil,
	}
	if options.reason != "" {
		annotations[policies.ConfirmReasonAnnotation] = options.reason
	}
	return map[string]any{"metadata": map[string]any{"annotations": annotations}}
}
