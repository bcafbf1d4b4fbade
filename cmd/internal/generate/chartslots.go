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
			container + "args": list(
				added{"{{- if .Values.audit.enabled }}", []string{"--audit", "--audit-interval={{ .Values.audit.interval }}"}},
				added{"{{- if .Values.tracing.endpoint }}", []string{
					"--tracing-endpoint={{ .Values.tracing.endpoint }}", "--tracing-sampling-rate-per-million={{ .Values.tracing.samplingRatePerMillion | int64 }}",
				}},
			),
		}
	case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
		return map[string]slot{
			"webhooks[].failurePolicy":                               failurePolicy,
			"webhooks[].namespaceSelector.matchExpressions[].values": list(added{"{{- range .Values.exemptNamespaces }}", []string{"{{ . }}"}}),
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

// added are items of a list under an action of the template.
type added struct {
	begin string
	items []string
}

// list adds items of the values to those of the overlays.
func list(more ...added) slot {
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
		for _, each := range more {
			fmt.Fprintln(&page, each.begin)
			for _, item := range each.items {
				fmt.Fprintf(&page, "%s- %s\n", pad, item)
			}
			fmt.Fprintln(&page, "{{- end }}")
		}
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
