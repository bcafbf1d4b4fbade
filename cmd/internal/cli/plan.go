package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/planner"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/forecast"
)

// Exit codes of `stateward plan`, which are those of `terraform plan -detailed-exitcode`.
const (
	exitPlanError   = 1
	exitPlanHappens = 2
	exitPlanFails   = 3
)

// codedError sets the exit code of a command that has its own. Without an error, the output has said it all.
type codedError struct {
	code int
	err  error
}

func (e codedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e codedError) Unwrap() error { return e.err }

// planOptions are the flags of `stateward plan`.
type planOptions struct {
	clusterOptions

	files, kustomize, data []string
	baseline               string
	scale, image, deletes  []string
	cascade                string
	namespace              string
	version                string
	config, rules          string
	output, color          string
	failOn                 []string
}

func newPlan(streams Streams) *cobra.Command {
	var options planOptions
	command := &cobra.Command{
		Use:   "plan",
		Short: "Forecast what a change does to StatefulSets",
		Long: `Show before a change what it does to StatefulSets: which pods restart and in which order, which claims and volumes are
lost, and whether the rollout ends, waits for a person or is stuck. Nothing is changed.

The existing objects come from the cluster of the kubeconfig, or from --data. For a pull request without a cluster,
--baseline plans from the manifests of another revision to those of -f or -k: pods of the baseline are taken to be Ready,
and a StatefulSet that is no longer there to be deleted. Each request is planned by itself, from the state as it is now.

Exit code: 0 nothing happens, 2 something does, 1 there is an error, 3 the plan has what --fail-on names.`,
		Example: `  stateward plan -f db.yaml
  stateward plan --scale sts/db=1 -n data
  stateward plan --image sts/db=postgres:17
  stateward plan --delete sts/db --cascade foreground
  stateward plan --baseline main -f manifests/ -o markdown
  kubectl get sts,pods,pvc,pv,controllerrevisions,services -A -o yaml > now.yaml && stateward plan --data now.yaml -f db.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return codedError{exitPlanError, fmt.Errorf("unknown argument %q: name files with -f", args[0])}
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			defer streams.buildsKustomizations()()
			err := plan(command.Context(), options, streams)
			var coded codedError
			if err != nil && !errors.As(err, &coded) {
				return codedError{exitPlanError, err}
			}
			return err
		},
	}
	command.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return codedError{exitPlanError, fmt.Errorf("%w: see `%s --help`", err, command.CommandPath())}
	})
	flags := command.Flags()
	options.add(flags)
	flags.StringArrayVarP(&options.files, "filename", "f", nil, "`file`, folder or - with manifests to apply, repeatable")
	flags.StringArrayVarP(&options.kustomize, "kustomize", "k", nil, "`folder` with a kustomization to apply, repeatable")
	flags.StringArrayVar(&options.data, "data", nil, "`file` or folder of existing objects, in the format of `kubectl get -o yaml`, instead of a cluster")
	flags.StringVar(&options.baseline, "baseline", "", "git `revision` or folder to compare -f or -k with, instead of a cluster; its pods are taken to be Ready")
	flags.StringArrayVar(&options.scale, "scale", nil, "`KIND/NAME=REPLICAS` of a StatefulSet to scale, repeatable")
	flags.StringArrayVar(&options.image, "image", nil, "`KIND/NAME[/CONTAINER]=IMAGE` of a StatefulSet to update, repeatable")
	flags.StringArrayVar(&options.deletes, "delete", nil, "`KIND/NAME` of a StatefulSet, namespace, claim, volume, Service or pod to delete, repeatable")
	flags.StringVar(&options.cascade, "cascade", string(forecast.Background), "`how` to delete a StatefulSet: background, foreground or orphan")
	flags.StringVarP(&options.namespace, "namespace", "n", "", "`namespace` of objects without one (default: that of the kubeconfig context, or default with --data)")
	flags.StringVar(&options.version, "kubernetes-version", "", "`version` to forecast, such as 1.36.1 (default: that of the cluster, or 1.37 with --data)")
	flags.StringVar(&options.config, "config", "", configFlag)
	flags.StringVar(&options.rules, "rules", "", rulesFlag)
	flags.StringVarP(&options.output, "output", "o", "text", "`format`: text, json, markdown or html")
	flags.StringVar(&options.color, "color", "auto", "`when` to colour text: auto (on a terminal without NO_COLOR), always, never")
	flags.StringSliceVar(&options.failOn, "fail-on", nil, "set exit code 3 on `what`: loss (a volume is or may be deleted), stuck, restart (a pod stops)")
	return command
}

func plan(ctx context.Context, options planOptions, streams Streams) error {
	colored, err := useColor(options.color, isTerminal(streams.Out), os.Getenv)
	if err != nil {
		return err
	}
	if err := options.check(); err != nil {
		return err
	}
	requests, inventory, namespace, err := options.read(ctx, streams)
	if err != nil {
		return err
	}
	settings := planner.Options{Namespace: namespace, Now: time.Now(), Compared: options.baseline != ""}
	made, err := planner.Make(inventory, requests, settings)
	if err != nil {
		return err
	}
	decider, err := options.decider(ctx)
	if err != nil {
		return err
	}
	if err := made.Evaluate(ctx, inventory, decider, settings); err != nil {
		return err
	}
	switch options.output {
	case "json":
		err = made.JSON(streams.Out)
	case "markdown":
		err = made.Markdown(streams.Out)
	case "html":
		err = made.HTML(streams.Out)
	default:
		err = made.Text(streams.Out, colored)
	}
	switch {
	case err != nil:
		return err
	case made.Fails(options.failOn):
		return codedError{code: exitPlanFails}
	case made.Happens():
		return codedError{code: exitPlanHappens}
	default:
		return nil
	}
}

func (o planOptions) check() error {
	propagations := []forecast.Propagation{forecast.Background, forecast.Foreground, forecast.Orphan}
	switch {
	case !slices.Contains([]string{"text", "json", "markdown", "html"}, o.output):
		return fmt.Errorf("-o %s: use text, json, markdown or html", o.output)
	case !slices.Contains(propagations, forecast.Propagation(o.cascade)):
		return fmt.Errorf("--cascade %s: use background, foreground or orphan", o.cascade)
	default:
		return planner.CheckFailOn(o.failOn)
	}
}

func (o planOptions) decider(ctx context.Context) (*engine.Engine, error) {
	library, err := loadLibrary(ctx, o.rules)
	if err != nil {
		return nil, err
	}
	guardrails, err := loadGuardrails(o.config, library)
	if err != nil {
		return nil, err
	}
	return engine.New(ctx, library, guardrails)
}

// read returns the requests, the existing objects, and the default namespace.
func (o planOptions) read(ctx context.Context, streams Streams) (requests []planner.Request, inventory *planner.Inventory, namespace string, err error) {
	if o.baseline != "" {
		return o.readBaseline(ctx, streams)
	}
	if requests, err = o.requests(ctx, streams); err != nil {
		return nil, nil, "", err
	}
	if len(requests) == 0 {
		return nil, nil, "", errors.New("nothing to plan: use -f, -k, --scale, --image or --delete")
	}
	inventory, namespace, err = o.inventory(ctx, requests)
	return requests, inventory, namespace, err
}

// requests are what the flags ask for.
func (o planOptions) requests(ctx context.Context, streams Streams) (requests []planner.Request, err error) {
	var documents []manifest.Document
	if len(o.files) > 0 {
		input, err := manifest.Read(ctx, o.files, manifest.Options{Stdin: streams.In})
		if err != nil {
			return nil, err
		}
		documents = input.Documents
	}
	for _, folder := range o.kustomize {
		input, err := manifest.Kustomize(ctx, folder, manifest.Options{})
		if err != nil {
			return nil, err
		}
		documents = append(documents, input.Documents...)
	}
	for _, document := range documents {
		requests = append(requests, planner.Request{Manifest: document.Raw, Namespace: document.Namespace})
	}
	for _, text := range o.scale {
		requests = append(requests, planner.Request{Scale: text})
	}
	for _, text := range o.image {
		requests = append(requests, planner.Request{Image: text})
	}
	for _, text := range o.deletes {
		requests = append(requests, planner.Request{Delete: text, Propagation: forecast.Propagation(o.cascade)})
	}
	return requests, nil
}

// inventory reads what exists, and in which namespace requests are that name none.
func (o planOptions) inventory(ctx context.Context, requests []planner.Request) (inventory *planner.Inventory, namespace string, err error) {
	version := forecast.Version{Minor: forecast.Newest}
	var objects []unstructured.Unstructured
	namespace = o.namespace
	if len(o.data) > 0 {
		namespace = cmp.Or(namespace, metav1.NamespaceDefault)
		objects, err = readObjects(ctx, o.data, namespace)
	} else {
		objects, version, namespace, err = o.readCluster(ctx, requests)
	}
	if err != nil {
		return nil, "", err
	}
	inventory, err = o.inventoryOf(objects, version)
	return inventory, namespace, err
}

// inventoryOf is of the version that the flag names, if it does.
func (o planOptions) inventoryOf(objects []unstructured.Unstructured, version forecast.Version) (*planner.Inventory, error) {
	if o.version != "" {
		var err error
		if version, err = forecast.ParseVersion(o.version); err != nil {
			return nil, err
		}
	}
	return planner.NewInventory(objects, version)
}

// readObjects reads an export. Objects that name no namespace are in namespace.
func readObjects(ctx context.Context, paths []string, namespace string) (objects []unstructured.Unstructured, err error) {
	exported, err := manifest.Read(ctx, paths, manifest.Options{})
	if err != nil {
		return nil, fmt.Errorf("read --data: %w", err)
	}
	for _, document := range exported.Documents {
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(document.Raw); err != nil {
			return nil, fmt.Errorf("read --data: %s: %w", document.Position(nil), err)
		}
		resource, known := policies.ResourceOfKind(object.GroupVersionKind().Group, object.GetKind())
		if known && resource.Namespaced && object.GetNamespace() == "" {
			object.SetNamespace(namespace)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// namespacesOfPlan are those of manifests, of --delete ns/NAME, and the one for requests that name none, each once.
func namespacesOfPlan(requests []planner.Request, namespace string) []string {
	names := []string{namespace}
	for _, request := range requests {
		kind, name, _ := strings.Cut(request.Delete, "/")
		switch {
		case request.Namespace != "":
			names = append(names, request.Namespace)
		case slices.Contains([]string{"ns", "namespace", "namespaces"}, strings.ToLower(kind)):
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
