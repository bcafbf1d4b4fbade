package generate

import (
	"fmt"
	"strings"
)

// slots are what the values of the chart have a say in besides the choice of an overlay.
func slots(kind string) map[string]slot {
	container := "spec.template.spec.containers[]."
	switch kind {
	case "Deployment":
		return map[string]slot{
			"spec.replicas":         line("{{ .Values.replicas }}"),
			container + "image":     line(`{{ include "stateward.image" . | quote }}`),
			container + "resources": block(".Values.resources"),
			container + "args":      list("{{- if .Values.audit.enabled }}", "--audit", "--audit-interval={{ .Values.audit.interval }}"),
		}
	case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return map[string]slot{
			"webhooks[].failurePolicy":                               failurePolicy,
			"webhooks[].namespaceSelector.matchExpressions[].values": list("{{- range .Values.exemptNamespaces }}", "{{ . }}"),
		}
	default:
		return nil
	}
}

func line(text string) slot {
	return func(key string, indent int, _ variants) string {
		return fmt.Sprintf("%s%s: %s\n", strings.Repeat(" ", indent), key, text)
	}
}

func block(values string) slot {
	return func(key string, indent int, _ variants) string {
		return fmt.Sprintf("%s%s:\n{{ toYaml %s | indent %d }}\n", strings.Repeat(" ", indent), key, values, indent+2)
	}
}

// failurePolicy leaves those alone that let everything through anyway: without them nothing is destroyed.
func failurePolicy(key string, indent int, values variants) string {
	policy := `{{ ternary "Ignore" .Values.failurePolicy .Values.auditOnly }}`
	if values.plain == "Ignore" {
		policy = "Ignore"
	}
	return line(policy)(key, indent, values)
}

// list adds items of the values to those of the overlays, under an action of the template.
func list(begin string, items ...string) slot {
	return func(key string, indent int, values variants) string {
		pad := strings.Repeat(" ", indent)
		var page strings.Builder
		fmt.Fprintf(&page, "%s%s:\n", pad, key)
		plain, _ := values.plain.([]any)
		with, _ := values.certManager.([]any)
		for _, item := range with {
			if !contains(plain, item) {
				fmt.Fprintf(&page, "{{- if %s }}\n%s- %v\n{{- end }}\n", onCertManager, pad, item)
				continue
			}
			fmt.Fprintf(&page, "%s- %v\n", pad, item)
		}
		fmt.Fprintln(&page, begin)
		for _, item := range items {
			fmt.Fprintf(&page, "%s- %s\n", pad, item)
		}
		fmt.Fprintln(&page, "{{- end }}")
		return page.String()
	}
}

func contains(list []any, wanted any) bool {
	for _, each := range list {
		if each == wanted {
			return true
		}
	}
	return false
}
