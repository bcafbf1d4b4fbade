package generate

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"sigs.k8s.io/yaml"
)

// chartWriter writes what differs between the overlays under conditions.
type chartWriter struct {
	page *bytes.Buffer
	// slots are what the chart's values have a say in, by path.
	slots map[string]slot
}

// slot writes the field of this key in the place of what the overlays have.
type slot func(key string, indent int, values variants) string

// fields writes a mapping.
func (w chartWriter) fields(values variants, path string, indent int) error {
	for _, key := range values.keys() {
		field := values.each(func(value any) any { return value.(map[string]any)[key] })
		at := strings.TrimPrefix(path+"."+key, ".")
		if fill := w.slots[at]; fill != nil && (field.plain != nil || field.certManager != nil) {
			w.page.WriteString(fill(key, indent, field))
			continue
		}
		if err := w.field(key, field, at, indent); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

func (w chartWriter) field(key string, values variants, path string, indent int) error {
	pad := strings.Repeat(" ", indent)
	switch {
	case values.same() && !w.within(path):
		return w.leaf(key, values.plain, indent)
	case values.mappings():
		fmt.Fprintf(w.page, "%s%s:\n", pad, key)
		return w.fields(values, path, indent+2)
	case values.lists():
		fmt.Fprintf(w.page, "%s%s:\n", pad, key)
		for index := range values.plain.([]any) {
			item := values.each(func(value any) any { return value.([]any)[index] })
			fmt.Fprintf(w.page, "%s-\n", pad)
			if err := w.fields(item, path+"[]", indent+2); err != nil {
				return fmt.Errorf("[%d]%w", index, err)
			}
		}
		return nil
	}
	condition, one, other, err := values.choice()
	if err != nil {
		return err
	}
	return w.choose(condition, key, one, other, indent)
}

// choose writes a field under a condition, and what it is otherwise.
func (w chartWriter) choose(condition, key string, one, other any, indent int) error {
	if one == nil {
		condition, one, other = "not ("+condition+")", other, nil
	}
	fmt.Fprintf(w.page, "{{- if %s }}\n", condition)
	if err := w.leaf(key, one, indent); err != nil {
		return err
	}
	if other != nil {
		w.page.WriteString("{{- else }}\n")
		if err := w.leaf(key, other, indent); err != nil {
			return err
		}
	}
	w.page.WriteString("{{- end }}\n")
	return nil
}

func (w chartWriter) leaf(key string, value any, indent int) error {
	text, err := field(key, value, indent)
	w.page.WriteString(text)
	return err
}

// field is one field as YAML.
func field(key string, value any, indent int) (string, error) {
	encoded, err := yaml.Marshal(map[string]any{key: value})
	if err != nil {
		return "", err
	}
	if bytes.Contains(encoded, []byte("{{")) {
		return "", fmt.Errorf("%s holds what Helm takes for a template", key)
	}
	var page strings.Builder
	for line := range strings.Lines(string(encoded)) {
		page.WriteString(strings.Repeat(" ", indent) + line)
	}
	return page.String(), nil
}

// within reports whether values change something below a path.
func (w chartWriter) within(path string) bool {
	for slot := range w.slots {
		if strings.HasPrefix(slot, path+".") || strings.HasPrefix(slot, path+"[]") {
			return true
		}
	}
	return false
}

func (v variants) same() bool {
	return reflect.DeepEqual(v.plain, v.certManager) && reflect.DeepEqual(v.plain, v.auditOnly) && reflect.DeepEqual(v.plain, v.several)
}

func (v variants) mappings() bool {
	for _, each := range v.all() {
		if _, is := each.(map[string]any); !is {
			return false
		}
	}
	return true
}

// lists reports whether all are lists of as many mappings.
func (v variants) lists() bool {
	length := -1
	for _, each := range v.all() {
		list, is := each.([]any)
		if !is || length >= 0 && len(list) != length {
			return false
		}
		length = len(list)
		for _, item := range list {
			if _, is := item.(map[string]any); !is {
				return false
			}
		}
	}
	return true
}

// choice finds the one value of the chart that the variants depend on.
func (v variants) choice() (condition string, one, other any, err error) {
	byCertificates := !reflect.DeepEqual(v.plain, v.certManager)
	byAudit := !reflect.DeepEqual(v.plain, v.auditOnly)
	byNumber := !reflect.DeepEqual(v.certManager, v.several)
	switch {
	case byCertificates && !byAudit && !byNumber:
		return onCertManager, v.certManager, v.plain, nil
	case byAudit && !byCertificates && !byNumber:
		return onAuditOnly, v.auditOnly, v.plain, nil
	case byNumber && !byCertificates && !byAudit:
		return onSeveral, v.several, v.certManager, nil
	default:
		return "", nil, nil, fmt.Errorf("it depends on more than one choice: let the overlays differ in smaller parts")
	}
}
