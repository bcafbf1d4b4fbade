package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stateward/stateward/cmd/internal/generate"
	"github.com/stateward/stateward/policies"
)

func newRegistration(streams Streams, rules *string) *cobra.Command {
	var parents, optIn []string
	var config string
	command := &cobra.Command{
		Use:   "registration",
		Short: "Print the webhook configurations and roles that the rules need",
		Long: `Print, as YAML for kubectl apply, Stateward's webhook configurations and the roles of its service account. Both follow
from what the rules check and read: custom rules (--rules) may need more than Stateward's manifests contain, and --parent adds custom resources that own
StatefulSets to those that the rule owner-delete knows. Some rules are asked about only where you say so: name them with --rule. With --config
both come from your Guardrails: the rules that they turn on, and spec.parents.`,
		RunE: func(command *cobra.Command, _ []string) error {
			library, err := loadLibrary(command.Context(), *rules)
			if err != nil {
				return err
			}
			if library, err = widen(library, parents, optIn, config); err != nil {
				return err
			}
			page, err := generate.Registration(library)
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(page)
			return err
		},
	}
	command.Flags().StringArrayVar(&parents, "parent", nil,
		"ask before custom resources of this CustomResourceDefinition are deleted, as RESOURCE.GROUP (repeatable)")
	command.Flags().StringArrayVar(&optIn, "rule", nil, "send the requests of this opt-in rule too (repeatable)")
	command.Flags().StringVar(&config, "config", "", "send the requests of the opt-in rules that the Guardrails in this `file` turn on, and of their spec.parents")
	return command
}

// widen adds to what API servers ask about: the custom resources and opt-in rules that are named, and those of Guardrails.
func widen(library *policies.Library, parents, optIn []string, config string) (_ *policies.Library, err error) {
	if library.MoreParents, err = parseParents(parents); err != nil {
		return nil, fmt.Errorf("--parent: %w", err)
	}
	if library.OptedIn, err = namedOptIn(library, optIn); err != nil || config == "" {
		return library, err
	}
	guardrails, err := loadGuardrails(config, library)
	if err != nil {
		return nil, err
	}
	return guardrails.Widened(library), nil
}

// namedOptIn are the ids of the opt-in rules of these names.
func namedOptIn(library *policies.Library, named []string) (ids []string, err error) {
	for _, name := range named {
		rule, known := library.Rule(name)
		if !known {
			return nil, usageError{fmt.Errorf("--rule: unknown rule %q: `stateward rules` lists the rules", name)}
		}
		if !rule.OptIn {
			return nil, usageError{fmt.Errorf("--rule: rule %q is always registered: --rule is for opt-in rules, here %s",
				name, strings.Join(optInRules(library), ", "))}
		}
		ids = append(ids, rule.ID)
	}
	return ids, nil
}

func optInRules(library *policies.Library) (ids []string) {
	for _, rule := range library.Rules {
		if rule.OptIn {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

func parseParents(names []string) (parents []policies.Parent, err error) {
	for _, name := range names {
		parent, err := policies.ParseParent(name)
		if err != nil {
			return nil, err
		}
		parents = append(parents, parent)
	}
	return parents, nil
}
