package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/cmd/internal/generate"
	"github.com/stateward/stateward/cmd/internal/owners"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/webhook/registration"
)

// moreOwners is the role that `stateward owners --rbac` prints.
const moreOwners = registration.Name + "-more-owners"

// ownersOptions are the flags of `stateward owners`.
type ownersOptions struct {
	clusterOptions

	rbac   bool
	output string
}

func newOwners(streams Streams) *cobra.Command {
	var options ownersOptions
	command := &cobra.Command{
		Use:   "owners [RESOURCE.GROUP...]",
		Short: "List the custom resources that own StatefulSets",
		Long: `List which kinds of custom resources own StatefulSets in the cluster, directly or through up to three levels of owners,
and whether the webhook is asked before such an object is deleted.

With --rbac, print the ClusterRole by which Stateward looks up owners of these kinds, which the rule owner-reference
needs to tell an owner that exists from one that does not: for the kinds that are named, or else for those that own
StatefulSets and are not in Stateward's own role. It is printed for you to apply: Stateward never changes its rights.`,
		Example: `  stateward owners
  stateward owners --rbac | kubectl apply -f -
  stateward owners --rbac queues.example.com | kubectl apply -f -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, args []string) error {
			return listOwners(command.Context(), args, options, streams.Out)
		},
	}
	flags := command.Flags()
	options.add(flags)
	flags.BoolVar(&options.rbac, "rbac", false, "print the ClusterRole that looks these kinds up")
	flags.StringVarP(&options.output, "output", "o", "text", "`format`: text or json")
	return command
}

func listOwners(ctx context.Context, names []string, options ownersOptions, out io.Writer) error {
	if !slices.Contains([]string{"text", "json"}, options.output) {
		return usageError{fmt.Errorf("-o %s: use text or json", options.output)}
	}
	if len(names) > 0 && !options.rbac {
		return usageError{fmt.Errorf("%s: kinds are named with --rbac only", names[0])}
	}
	parents, err := parseParents(names)
	if err != nil {
		return usageError{err}
	}
	if len(parents) > 0 {
		return writeRights(out, parents)
	}
	kinds, err := options.find(ctx)
	if err != nil {
		return usageError{err}
	}
	switch {
	case options.rbac:
		return writeRights(out, unread(kinds))
	case options.output == "json":
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"version": 1, "owners": slices.Concat([]owners.Kind{}, kinds)})
	default:
		return writeOwners(out, kinds)
	}
}

func (o *ownersOptions) find(ctx context.Context) ([]owners.Kind, error) {
	config, _, err := o.connect("")
	if err != nil {
		return nil, err
	}
	reader, err := client.New(config, client.Options{})
	if err != nil {
		return nil, err
	}
	var registered admissionregistrationv1.ValidatingWebhookConfiguration
	err = reader.Get(ctx, client.ObjectKey{Name: registration.Name}, &registered)
	if apierrors.IsNotFound(err) {
		return owners.Find(ctx, reader, nil)
	}
	if err != nil {
		return nil, err
	}
	return owners.Find(ctx, reader, append(policies.Parents(), registration.MoreParents(&registered)...))
}

// unread are the kinds that Stateward's own role does not hold.
func unread(kinds []owners.Kind) (parents []policies.Parent) {
	for _, kind := range kinds {
		if !policies.IsParent(kind.Parent()) {
			parents = append(parents, kind.Parent())
		}
	}
	return parents
}

func writeRights(out io.Writer, parents []policies.Parent) error {
	if len(parents) == 0 {
		_, err := fmt.Fprintln(out, "# Stateward's own role holds all kinds that own StatefulSets here.")
		return err
	}
	role := registration.OwnersRole(moreOwners, parents)
	page, err := generate.Stream([]any{role, registration.RoleBindings([]rbacv1.ClusterRole{role})[0]})
	if err != nil {
		return err
	}
	_, err = out.Write(page)
	return err
}

func writeOwners(out io.Writer, kinds []owners.Kind) error {
	if len(kinds) == 0 {
		_, err := fmt.Fprintln(out, "No custom resource owns a StatefulSet.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tSTATEFULSETS\tLOSE CLAIMS\tGUARDED")
	var unguarded []string
	for _, kind := range kinds {
		guarded := "yes"
		if !kind.Guarded {
			guarded = "no"
			unguarded = append(unguarded, kind.Name)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", kind.Name, len(kind.Sets), len(kind.Deleting), guarded)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(unguarded) == 0 {
		return nil
	}
	fmt.Fprint(out, "\nDeleting an object of a kind that is not guarded deletes its StatefulSets without a question. Guard them:\n  stateward rules registration")
	for _, name := range unguarded {
		fmt.Fprintf(out, " --parent %s", name)
	}
	_, err := fmt.Fprintln(out, " | kubectl apply -f -")
	return err
}
