package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/policies"
)

// catalogueWidth is the width to which a terminal may be assumed to open, in columns.
const catalogueWidth = 100

// Catalogue writes a table of rules for a terminal, by category.
func Catalogue(out io.Writer, rules []policies.Rule) error {
	var page strings.Builder
	longest := 0
	for _, rule := range rules {
		longest = max(longest, len(rule.ID))
	}
	for _, name := range categories(rules) {
		fmt.Fprintf(&page, "%s\n", name)
		for _, rule := range rules {
			if category(rule) == name {
				fmt.Fprintln(&page, catalogueLine(rule, longest))
			}
		}
	}
	page.WriteString("\n* can be confirmed; stateward rules explain ID describes a rule and what it checks\n")
	_, err := io.WriteString(out, page.String())
	return err
}

// categories are those of the rules, by name.
func categories(rules []policies.Rule) []string {
	names := map[string]bool{}
	for _, rule := range rules {
		names[category(rule)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// catalogueLine is a rule in one line that fits; a title that does not is cut.
func catalogueLine(rule policies.Rule, longest int) string {
	severity := string(rule.Severity)
	if rule.Kind == policies.Mutating {
		severity = "mutates"
	}
	if rule.Confirm {
		severity += "*"
	}
	line := []rune(fmt.Sprintf("  %-*s  %-7s  %s", longest, rule.ID, severity, rule.Title))
	if len(line) > catalogueWidth {
		line = append(line[:catalogueWidth-1], '…')
	}
	return string(line)
}

// CatalogueYAML writes the rules as YAML.
func CatalogueYAML(out io.Writer, rules []policies.Rule) error {
	text, err := yaml.Marshal(rules)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
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
		fmt.Fprintf(&page, "| checked by the API server too (`stateward export vap`) | %s%s |\n", requests(rule.CEL.Requests(rule)), notChecked(*rule.CEL))
	}
	if len(rule.Reads) > 0 {
		fmt.Fprintf(&page, "| looks up | %s |\n", strings.Join(rule.Reads, ", "))
	}
	fmt.Fprintf(&page, "| remediation | %s |\n", rule.Fix)
	fmt.Fprintf(&page, "| since | %s |\n", rule.Since)
	if rule.Confirm {
		fmt.Fprintf(&page, "\nTo confirm the operation, paste the command from the denial, or run\n"+
			"`stateward confirm KIND/NAME OPERATION --rules %s`.%s\n", rule.ID, byName(rule))
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

// byName says which confirmations do not count for a rule.
func byName(rule policies.Rule) string {
	if !rule.DataLoss {
		return ""
	}
	return " The rule is about loss of data: an annotation\n`stateward.dev/confirm` without `stateward.dev/confirm-rules` has no effect on it."
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
		for _, key := range slices.Sorted(maps.Keys(param.Fields)) {
			fmt.Fprintf(page, "| `%s.%s` | %s | | %s |\n", name, key, param.Fields[key].Type, param.Fields[key].Description)
		}
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

// notChecked lists what the API server alone decides differently, and why.
func notChecked(expressions policies.CEL) string {
	var reasons []string
	for _, key := range slices.Sorted(maps.Keys(expressions.NotChecked)) {
		reasons = append(reasons, expressions.NotChecked[key])
	}
	if len(reasons) == 0 {
		return ""
	}
	return ", except: " + strings.Join(slices.Compact(reasons), "; ")
}
