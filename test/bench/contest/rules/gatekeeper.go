package rules

import (
	"encoding/json"
	"strings"
)

// Templates are the ConstraintTemplates and Constraints of one Gatekeeper, each a list of objects as JSON.
type Templates struct {
	Templates, Constraints []json.RawMessage
	// CRDs are the names of the CustomResourceDefinitions that Gatekeeper makes of the templates.
	CRDs []string
}

// GatekeeperSeparate has a template for each rule, as Gatekeeper's own library has.
func GatekeeperSeparate() (Templates, error) {
	rules, err := shared()
	if err != nil {
		return Templates{}, err
	}
	var all Templates
	for _, rule := range rules {
		if err := all.add("common"+strings.ReplaceAll(rule.id, "-", ""), "package common\n\n"+rule.body); err != nil {
			return Templates{}, err
		}
	}
	return all, nil
}

// GatekeeperCombined has all rules in one template, which Gatekeeper evaluates faster.
func GatekeeperCombined() (Templates, error) {
	source, err := combined("common")
	if err != nil {
		return Templates{}, err
	}
	var all Templates
	return all, all.add("commonrules", source)
}

type object = map[string]any

func (t *Templates) add(name, source string) error {
	template, err := json.Marshal(object{
		"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
		"metadata": object{"name": name},
		"spec": object{
			"crd": object{"spec": object{"names": object{"kind": name}}},
			"targets": []object{{
				"target": "admission.k8s.gatekeeper.sh",
				"code":   []object{{"engine": "Rego", "source": object{"version": "v1", "rego": source}}},
			}},
		},
	})
	if err != nil {
		return err
	}
	constraint, err := json.Marshal(object{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": name,
		"metadata": object{"name": name},
		"spec": object{"match": object{"kinds": []object{
			{"apiGroups": []string{"apps"}, "kinds": []string{"StatefulSet"}},
			{"apiGroups": []string{"autoscaling"}, "kinds": []string{"Scale"}},
		}}},
	})
	if err != nil {
		return err
	}
	t.Templates, t.Constraints = append(t.Templates, template), append(t.Constraints, constraint)
	t.CRDs = append(t.CRDs, name+".constraints.gatekeeper.sh")
	return nil
}
