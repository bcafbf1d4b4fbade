package generate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/stateward/stateward/cmd/internal/manifest"
)

const (
	chartHeader    = "{{- /* Written from manifests/overlays by `make manifests`; do not edit. */ -}}\n"
	chartCRDHeader = "# Written from manifests/base by `make manifests`; do not edit.\n"

	onCertManager = `eq .Values.certificates.mode "cert-manager"`
	onAuditOnly   = `.Values.auditOnly`
	onSeveral     = `.Values.highAvailability`
	onAudit       = `.Values.audit.enabled`
	onManage      = `.Values.manageRegistration`
)

// variants are one value in each overlay, absent where that has none: self-managed, and what cert-manager, audit-only and
// ha make of it. Each of those three differs by one choice: cert-manager and audit-only from self-managed, ha from
// cert-manager.
type variants struct{ plain, certManager, auditOnly, several any }

// Chart returns the templates and the CRD of the Helm chart, by their paths in the repository in the folder root. What the
// overlays have in common is in it once, and differences are under conditions on the chart's values.
func Chart(root string) (map[string][]byte, error) {
	objects := map[string]*variants{}
	var order []string
	for _, overlay := range []string{"self-managed", "cert-manager", "audit-only", "ha"} {
		documents, err := build(root, overlay)
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			name := fileName(document)
			if objects[name] == nil {
				objects[name] = &variants{}
				order = append(order, name)
			}
			objects[name].set(overlay, document)
		}
	}
	files := map[string][]byte{}
	for _, name := range order {
		if strings.HasPrefix(name, "namespace-") {
			// Helm keeps its own record in the namespace, so that must be there before the chart.
			continue
		}
		if strings.HasPrefix(name, "customresourcedefinition-") {
			encoded, err := yaml.Marshal(objects[name].plain)
			if err != nil {
				return nil, err
			}
			files["manifests/chart/crds/"+name+".yaml"] = append([]byte(chartCRDHeader), encoded...)
			continue
		}
		page, err := template(*objects[name])
		if err != nil {
			return nil, fmt.Errorf("write template %s: %w", name, err)
		}
		files["manifests/chart/templates/"+name+".yaml"] = append([]byte(chartHeader), page...)
	}
	return files, errors.Join(
		addRights(root, "audit", onAudit, files), addRights(root, "manage-registration", onManage, files), addOptIn(root, files))
}

// addRights adds the roles of a component under their own condition.
func addRights(root, component, condition string, files map[string][]byte) error {
	text, err := os.ReadFile(filepath.Join(root, "manifests", "components", component, "rbac.yaml"))
	if err != nil {
		return err
	}
	documents, err := parse(text)
	if err != nil {
		return fmt.Errorf("read component %s: %w", component, err)
	}
	for _, document := range documents {
		page, err := templateUnder(condition, variants{document, document, document, document})
		if err != nil {
			return fmt.Errorf("write template %s: %w", fileName(document), err)
		}
		files["manifests/chart/templates/"+fileName(document)+".yaml"] = append([]byte(chartHeader), page...)
	}
	return nil
}

func build(root, overlay string) (documents []map[string]any, err error) {
	text, err := manifest.Build(context.Background(), filesys.MakeFsOnDisk(), filepath.Join(root, "manifests", "overlays", overlay), manifest.Options{})
	if err != nil {
		return nil, err
	}
	if documents, err = parse(text); err != nil {
		return nil, fmt.Errorf("read overlay %s: %w", overlay, err)
	}
	return documents, nil
}

func parse(text []byte) (documents []map[string]any, err error) {
	for part := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var document map[string]any
		if err := yaml.Unmarshal(part, &document); err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

func fileName(document map[string]any) string {
	metadata, _ := document["metadata"].(map[string]any)
	return strings.ToLower(fmt.Sprintf("%v-%v", document["kind"], metadata["name"]))
}

func (v *variants) set(overlay string, document any) {
	switch overlay {
	case "self-managed":
		v.plain = document
	case "cert-manager":
		v.certManager = document
	case "audit-only":
		v.auditOnly = document
	case "ha":
		v.several = document
	}
}

// template writes an object, under a condition where not every overlay has it.
func template(object variants) ([]byte, error) {
	there := func(value any) bool { return value != nil }
	condition := ""
	switch {
	case there(object.plain) && there(object.certManager):
	case there(object.plain):
		condition = "not (" + onCertManager + ")"
		object.certManager, object.several = object.plain, object.plain
	case there(object.certManager):
		condition = onCertManager
		object.plain, object.auditOnly = object.certManager, object.certManager
	case there(object.several):
		condition = onSeveral
		object = variants{object.several, object.several, object.several, object.several}
	default:
		condition = onAuditOnly
		object = variants{object.auditOnly, object.auditOnly, object.auditOnly, object.auditOnly}
	}
	return templateUnder(condition, object)
}

// templateUnder writes an object that is there under a condition; empty means always.
func templateUnder(condition string, object variants) ([]byte, error) {
	page := &bytes.Buffer{}
	if condition != "" {
		fmt.Fprintf(page, "{{- if %s }}\n", condition)
	}
	kind, _ := object.plain.(map[string]any)["kind"].(string)
	writer := chartWriter{page: page, slots: slots(kind)}
	if err := writer.fields(object, "", 0); err != nil {
		return nil, err
	}
	if condition != "" {
		page.WriteString("{{- end }}\n")
	}
	return page.Bytes(), nil
}

// keys are those of all variants, sorted.
func (v variants) keys() (keys []string) {
	for _, each := range v.all() {
		fields, _ := each.(map[string]any)
		for key := range fields {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

func (v variants) all() []any { return []any{v.plain, v.certManager, v.auditOnly, v.several} }

// each applies a function to every variant.
func (v variants) each(do func(any) any) variants {
	return variants{do(v.plain), do(v.certManager), do(v.auditOnly), do(v.several)}
}
