package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/stateward/stateward/policies"
)

// Catalogue writes a table of rules for a terminal.
func Catalogue(out io.Writer, rules []policies.Rule) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tCATEGORY\tLEVEL\tCHECKS\tTITLE")
	for _, rule := range rules {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", rule.ID, category(rule), level(rule), requests(rule.On), rule.Title)
	}
	return table.Flush()
}

// CatalogueMarkdown writes the same table for a README; link is put before each rule's folder.
func CatalogueMarkdown(out io.Writer, rules []policies.Rule, link string) error {
	var page strings.Builder
	page.WriteString("| rule | level | checks | title |\n|---|---|---|---|\n")
	for _, rule := range rules {
		fmt.Fprintf(&page, "| [%s](%s%s/) | %s | %s | %s |\n", rule.ID, link, rule.Dir(), level(rule), requests(rule.On), rule.Title)
	}
	_, err := io.WriteString(out, page.String())
	return err
}

// Rule writes all about one rule, in Markdown: the text of its README.
func Rule(out io.Writer, rule policies.Rule) error {
	var page strings.Builder
	fmt.Fprintf(&page, "# %s\n\n%s\n\n%s\n\n", rule.ID, rule.Title, rule.Description)
	fmt.Fprintf(&page, "| | |\n|---|---|\n")
	fmt.Fprintf(&page, "| level | %s |\n", level(rule))
	for _, profile := range slices.Sorted(maps.Keys(rule.Profile)) {
		fmt.Fprintf(&page, "| level in profile `%s` | %s |\n", profile, rule.Profile[profile])
	}
	fmt.Fprintf(&page, "| checks | %s |\n", requests(rule.On))
	if rule.CEL != nil {
		fmt.Fprintf(&page, "| checked by the API server too (`stateward export vap`) | %s%s |\n", requests(rule.CEL.Requests(rule)), unseen(*rule.CEL))
	}
	if len(rule.Reads) > 0 {
		fmt.Fprintf(&page, "| looks up | %s |\n", strings.Join(rule.Reads, ", "))
	}
	fmt.Fprintf(&page, "| remediation | %s |\n", rule.Fix)
	fmt.Fprintf(&page, "| since | %s |\n", rule.Since)
	if rule.Confirm {
		page.WriteString("\nTo confirm the operation, annotate the object with `stateward.dev/confirm: <operation>` and\n" +
			"`stateward.dev/confirm-until: <RFC 3339 time within the hour>`, paste the command from the denial, or run\n" +
			"`stateward confirm KIND/NAME OPERATION`.\n")
	}
	writeParams(&page, rule)
	if len(rule.References) > 0 {
		page.WriteString("\n## References\n\n")
		for _, reference := range rule.References {
			fmt.Fprintf(&page, "- <%s>\n", reference)
		}
	}
	_, err := io.WriteString(out, page.String())
	return err
}

func writeParams(page *strings.Builder, rule policies.Rule) {
	if len(rule.Params) == 0 {
		return
	}
	page.WriteString("\n## Parameters\n\n| name | type | default | meaning |\n|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(rule.Params)) {
		param := rule.Params[name]
		kind := param.Type
		if len(param.Enum) > 0 {
			kind = strings.Join(param.Enum, " or ")
		}
		fmt.Fprintf(page, "| `%s` | %s | `%v` | %s |\n", name, kind, param.Default, param.Description)
	}
}

func category(rule policies.Rule) string { return cmp.Or(rule.Category, string(rule.Kind)) }

func level(rule policies.Rule) string {
	switch {
	case rule.Kind == policies.Mutating:
		return "mutates"
	case rule.Confirm:
		return string(rule.Severity) + ", can be confirmed"
	default:
		return string(rule.Severity)
	}
}

// requests is "statefulsets CREATE, UPDATE; statefulsets/scale UPDATE".
func requests(on map[string][]string) string {
	var parts []string
	for _, resource := range slices.Sorted(maps.Keys(on)) {
		parts = append(parts, resource+" "+strings.Join(on[resource], ", "))
	}
	return strings.Join(parts, "; ")
}

// unseen is what the API server by itself judges otherwise, and why.
func unseen(expressions policies.CEL) string {
	var reasons []string
	for _, key := range slices.Sorted(maps.Keys(expressions.Unseen)) {
		reasons = append(reasons, expressions.Unseen[key])
	}
	if len(reasons) == 0 {
		return ""
	}
	return ", except: " + strings.Join(reasons, "; ")
}
