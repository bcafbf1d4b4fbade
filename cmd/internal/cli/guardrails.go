package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

func newGuardrails(streams Streams) *cobra.Command {
	var config, rules string
	command := &cobra.Command{
		Use:   "guardrails",
		Short: "Show what a Guardrails file means",
	}
	flags := command.PersistentFlags()
	flags.StringVar(&config, "config", "", "Guardrails `file` (stateward.dev/v1alpha1)")
	flags.StringVar(&rules, "rules", "", rulesFlag)
	command.AddCommand(newRender(streams, &config, &rules), newExplainSettings(streams, &config, &rules))
	return command
}

func newRender(streams Streams, config, rules *string) *cobra.Command {
	return &cobra.Command{
		Use:   "render",
		Short: "Print Guardrails with their fragments",
		Long: `Print a Guardrails file with what its fragments (spec.include) say in their place, for reading, and for conftest and OPA,
which know no fragments.`,
		Example: `  stateward guardrails render --config stateward.yaml
  stateward guardrails render --config stateward.yaml > data.yaml && conftest test -p policies --data data.yaml manifests/`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if *config == "" {
				return usageError{errors.New("name the Guardrails: --config stateward.yaml")}
			}
			library, err := loadLibrary(command.Context(), *rules)
			if err != nil {
				return err
			}
			guardrails, err := loadGuardrails(*config, library)
			if err != nil {
				return err
			}
			return render(streams.Out, guardrails)
		},
	}
}

func render(out io.Writer, guardrails *v1alpha1.Guardrails) error {
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": guardrails.APIVersion, "kind": guardrails.Kind,
		"metadata": map[string]string{"name": cmp.Or(guardrails.Name, v1alpha1.GuardrailsName)},
		"spec":     guardrails.Spec,
	})
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// explainOptions are the flags of `stateward guardrails explain`.
type explainOptions struct {
	file, user, operation string
	groups                []string
}

func newExplainSettings(streams Streams, config, rules *string) *cobra.Command {
	var options explainOptions
	command := &cobra.Command{
		Use:   "explain",
		Short: "Explain which setting decides about a request",
		Long: `List the rules that judge an operation of a user on an object, the level that a violation of each would have, and the
setting that decides it: a match, an exception, an action for an actor, an action, the profile or the rule itself.

A rule may treat single findings more gently, for example where a problem existed before.`,
		Example: `  stateward guardrails explain --config stateward.yaml -f db.yaml
  stateward guardrails explain --config stateward.yaml -f db.yaml --operation delete \
    --as system:serviceaccount:flux-system:kustomize-controller`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return explainSettings(command.Context(), *config, *rules, options, streams.Out)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&options.file, "filename", "f", "", "`file` with the object")
	flags.StringVar(&options.user, "as", "", "`user` who sends the request (default: unknown, as in CI)")
	flags.StringArrayVar(&options.groups, "group", nil, "`group` of the user (repeatable)")
	flags.StringVar(&options.operation, "operation", "update", "`operation`: create, update or delete")
	return command
}

func explainSettings(ctx context.Context, config, rules string, options explainOptions, out io.Writer) error {
	if options.user == "" && len(options.groups) > 0 {
		return usageError{errors.New("--group needs --as: name the user as well")}
	}
	request, err := options.request()
	if err != nil {
		return usageError{err}
	}
	library, err := loadLibrary(ctx, rules)
	if err != nil {
		return err
	}
	guardrails, err := loadGuardrails(config, library)
	if err != nil {
		return err
	}
	evaluating := slices.DeleteFunc(library.All(), func(rule policies.Rule) bool {
		return !rule.AppliesTo(request.Resource.Resource, string(request.Operation))
	})
	if len(evaluating) == 0 {
		return usageError{fmt.Errorf("no rule judges %s of a %s", request.Operation, request.Kind.Kind)}
	}
	decided, err := engine.Explain(ctx, library, guardrails, evaluating, request, time.Now())
	if err != nil {
		return err
	}
	return writeDecided(out, decided)
}

// request is the operation on the object, which stays as it is.
func (o explainOptions) request() (*admissionv1.AdmissionRequest, error) {
	operation := admissionv1.Operation(strings.ToUpper(o.operation))
	if !slices.Contains([]admissionv1.Operation{admissionv1.Create, admissionv1.Update, admissionv1.Delete}, operation) {
		return nil, fmt.Errorf("unknown operation %q: use create, update or delete", o.operation)
	}
	if o.file == "" {
		return nil, errors.New("name the file with the object: -f db.yaml")
	}
	source, err := os.ReadFile(o.file)
	if err != nil {
		return nil, err
	}
	document, err := manifest.Config(o.file, source, manifest.Options{})
	if err != nil {
		return nil, err
	}
	group, version, grouped := strings.Cut(document.APIVersion, "/")
	if !grouped {
		group, version = "", document.APIVersion
	}
	resource, known := policies.DeletedKind(group, document.Kind)
	if !known {
		resource.Name = policies.ParentResource
	}
	request := &admissionv1.AdmissionRequest{
		Operation: operation,
		Kind:      metav1.GroupVersionKind{Group: group, Version: version, Kind: document.Kind},
		Resource:  metav1.GroupVersionResource{Group: group, Version: version, Resource: resource.Name},
		Namespace: document.Namespace, Name: document.Name,
		UserInfo: authenticationv1.UserInfo{Username: o.user, Groups: o.groups},
	}
	object := runtime.RawExtension{Raw: document.Raw}
	if operation != admissionv1.Delete {
		request.Object = object
	}
	if operation != admissionv1.Create {
		request.OldObject = object
	}
	return request, nil
}

func writeDecided(out io.Writer, decided []engine.Decided) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tLEVEL\tDECIDED BY")
	for _, each := range decided {
		reason := each.Setting
		switch {
		case reason == "":
			reason = each.Note
		case each.Note != "":
			reason += ": " + each.Note
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", each.Rule, each.Level, printable(reason, ""))
	}
	return table.Flush()
}
