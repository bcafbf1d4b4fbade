package generate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stateward/stateward/policies"
)

const (
	templates    = "manifests/chart/templates/"
	onGuardrails = `or .Values.auditOnly $on`
	// collectOn finds the rules that the chart's own Guardrails turn on.
	collectOn = `{{- $on := dict }}
{{- range $id, $level := .Values.optInRules }}
{{- if ne $level "registered" }}{{ $_ := set $on $id (ternary "audit" $level $.Values.auditOnly) }}{{ end }}
{{- end }}
`
	turnOn = `{{- range $id, $level := $on }}
  - action: {{ $level | quote }}
    id: {{ $id }}
{{- end }}
`
)

// addOptIn adds the registration, the rights and the setting of each rule that is off unless the values name it.
func addOptIn(root string, files map[string][]byte) error {
	library, err := policies.Embedded()
	if err != nil {
		return err
	}
	for _, rule := range library.Rules {
		if !rule.OptIn {
			continue
		}
		condition := fmt.Sprintf("hasKey .Values.optInRules %q", rule.ID)
		if err := errors.Join(addWebhooks(root, rule.ID, condition, files), ignoreMissing(addRights(root, rule.ID, condition, files))); err != nil {
			return err
		}
	}
	return addSettings(files)
}

// ignoreMissing leaves out components that need no rights.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// addWebhooks adds the webhooks of a component to the configuration, whose last field is the list of them.
func addWebhooks(root, component, condition string, files map[string][]byte) error {
	text, err := os.ReadFile(filepath.Join(root, "manifests", "components", component, "validating.yaml"))
	if err != nil {
		return err
	}
	documents, err := parse(text)
	if err != nil {
		return fmt.Errorf("read component %s: %w", component, err)
	}
	page, err := templateUnder(condition, variants{documents[0], documents[0], documents[0], documents[0]})
	if err != nil {
		return fmt.Errorf("write the webhooks of %s: %w", component, err)
	}
	begin, rest, _ := strings.Cut(string(page), "\n")
	_, list, found := strings.Cut(rest, "webhooks:\n")
	if !found {
		return fmt.Errorf("component %s has no webhooks", component)
	}
	name := templates + "validatingwebhookconfiguration-stateward.yaml"
	files[name] = append(files[name], begin+"\n"+list...)
	return nil
}

// addSettings turns the rules on in the Guardrails, whose last field is the list of rules.
func addSettings(files map[string][]byte) error {
	name := templates + "guardrails-stateward.yaml"
	text := strings.TrimPrefix(string(files[name]), chartHeader)
	begin, end := "{{- if "+onAuditOnly+" }}\n", "{{- end }}\n"
	head, spec, hasSpec := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(text, begin), end), "spec:\n")
	settings, rules, hasRules := strings.Cut(spec, "  rules:\n")
	if !strings.HasPrefix(text, begin) || !strings.HasSuffix(text, end) || !hasSpec || !hasRules {
		return errors.New("the Guardrails of audit-only are not settings and then rules under one condition")
	}
	files[name] = []byte(chartHeader + collectOn + "{{- if " + onGuardrails + " }}\n" + head + "spec:\n" +
		begin + settings + end + "  rules:\n" + begin + rules + end + turnOn + end)
	return nil
}
