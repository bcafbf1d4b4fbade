package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/decisionlog"
)

// Export is what a cluster held at one moment. A resource of which it holds no object is unknown, and so is a namespace: it may
// be an export of some kinds, or of one namespace.
type Export struct {
	objects               *inventory.Snapshot
	resources, namespaces map[string]bool
	// templates are the names of the claim templates of each StatefulSet, by NAMESPACE/NAME.
	templates map[string][]string
	added     int
}

// NewExport makes an empty one.
func NewExport() *Export {
	return &Export{
		objects: inventory.NewSnapshot("", nil), resources: map[string]bool{}, namespaces: map[string]bool{}, templates: map[string][]string{},
	}
}

// Add adds an object, given as JSON. Of two with one name the later counts.
func (e *Export) Add(resource policies.Resource, raw json.RawMessage) error {
	object, _, err := stored.Read(resource, raw)
	if err != nil {
		return err
	}
	e.added++
	called := inventory.Identity{APIVersion: object.APIVersion, Kind: object.Kind, Namespace: object.Namespace, Name: object.Name}
	if _, err := e.objects.AddAs(e.added, called, raw); err != nil {
		return err
	}
	e.resources[resource.Name] = true
	if resource.Namespaced {
		e.namespaces[object.Namespace] = true
	}
	if resource.Name == "statefulsets" {
		return e.addTemplates(object.Namespace+"/"+object.Name, raw)
	}
	return nil
}

func (e *Export) addTemplates(set string, raw json.RawMessage) error {
	var read struct {
		Spec struct {
			VolumeClaimTemplates []struct {
				Metadata struct {
					Name string `json:"name"`
				} `json:"metadata"`
			} `json:"volumeClaimTemplates"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return fmt.Errorf("read the StatefulSet: %w", err)
	}
	names := []string{}
	for _, each := range read.Spec.VolumeClaimTemplates {
		names = append(names, each.Metadata.Name)
	}
	e.templates[set] = names
	return nil
}

// beside is the export as a record sees it, nil without an export.
func (e *Export) beside(record *decisionlog.Record) decisionlog.Beside {
	if e == nil {
		return nil
	}
	seen := view{Export: e, at: record.Timestamp.Truncate(time.Second)}
	request := record.Request
	if request.Resource.Resource != "statefulsets" || request.SubResource != "" || request.Operation != admissionv1.Create {
		return seen
	}
	name := nameIn(record)
	templates, made := e.templates[request.Namespace+"/"+name]
	if !made {
		return seen
	}
	seen.namespace, seen.made = request.Namespace, map[string][]*regexp.Regexp{"pods": {ordinalsOf(name)}}
	for _, template := range templates {
		seen.made["persistentvolumeclaims"] = append(seen.made["persistentvolumeclaims"], ordinalsOf(template+"-"+name))
	}
	return seen
}

// ordinalsOf matches the names that a StatefulSet gives, with this prefix.
func ordinalsOf(prefix string) *regexp.Regexp {
	return regexp.MustCompile("^" + regexp.QuoteMeta(prefix) + "-[0-9]+$")
}

// view is an export without what a request made: the pods and claims of the StatefulSet that it creates.
type view struct {
	*Export

	at        time.Time
	namespace string
	made      map[string][]*regexp.Regexp
}

// Read is a look-up of the export.
func (v view) Read(path []string) (lazy.Value, bool, error) {
	resource, _ := policies.LookupResource(inventory.ResourceOf(path))
	namespace := namespaceIn(path, resource)
	if !v.knows(resource, namespace) {
		return nil, false, nil
	}
	found, err := v.look(path, resource, namespace)
	if err != nil || found == nil {
		return nil, err == nil, err
	}
	return lazy.OfValue(v.without(path, resource, namespace, found)), true, nil
}

// namespaceIn is the namespace that a path reads, empty for all.
func namespaceIn(path []string, resource policies.Resource) string {
	switch {
	case !resource.Namespaced, path[0] == "owned", path[0] == "naming":
		return ""
	case path[0] == "selecting", path[0] == "labelled":
		return path[2]
	case len(path) > 1:
		return path[1]
	default:
		return ""
	}
}

// knows reports whether what is not in the export did not exist. Confirmations of then are over. One namespace alone may be
// all that was exported, which says nothing about others.
func (e *Export) knows(resource policies.Resource, namespace string) bool {
	switch {
	case !e.resources[resource.Name] || resource.Name == policies.Confirmations:
		return false
	case !resource.Namespaced:
		return true
	case namespace == "":
		return len(e.namespaces) > 1
	default:
		return e.namespaces[namespace]
	}
}

func (e *Export) look(path []string, resource policies.Resource, namespace string) (ast.Value, error) {
	// Nothing here waits.
	ctx := context.Background()
	switch path[0] {
	case "governed":
		return e.objects.Governed(ctx, path[1], path[2])
	case "mounting":
		return e.objects.Mounting(ctx, path[1], path[2])
	case "owned":
		return e.objects.Owned(ctx, path[1], path[2])
	case "naming":
		return e.objects.Naming(ctx, path[1], path[2])
	case "matching":
		return e.objects.Matching(ctx, path[1], path[2])
	case "selecting", "labelled":
		labels, err := inventory.ReadLabels(path[3])
		if err != nil {
			return nil, err
		}
		if path[0] == "selecting" {
			return e.objects.Selecting(ctx, path[1], path[2], labels)
		}
		return e.objects.Labelled(ctx, path[1], path[2], labels)
	}
	if isObject(path, resource) {
		return e.objects.Get(ctx, resource.Name, namespace, path[len(path)-1])
	}
	return e.objects.List(ctx, resource.Name, namespace)
}

// isObject reports whether a path that begins with a resource names one object.
func isObject(path []string, resource policies.Resource) bool {
	return path[0] == resource.Name && (len(path) == 3 || len(path) == 2 && !resource.Namespaced)
}

// without leaves out what the request made.
func (v view) without(path []string, resource policies.Resource, namespace string, found ast.Value) ast.Value {
	names := v.made[resource.Name]
	object, isMap := found.(ast.Object)
	if len(names) == 0 || namespace != v.namespace || !isMap {
		return found
	}
	if isObject(path, resource) {
		if v.isMade(names, path[2], object) {
			return nil
		}
		return found
	}
	kept := ast.NewObject()
	object.Foreach(func(key, value *ast.Term) {
		name, _ := key.Value.(ast.String)
		if !v.isMade(names, string(name), value.Value) {
			kept.Insert(key, value)
		}
	})
	return kept
}

// isMade reports whether an object has a name that the StatefulSet gives, and was not there before the request.
func (v view) isMade(names []*regexp.Regexp, name string, object ast.Value) bool {
	if !slices.ContainsFunc(names, func(pattern *regexp.Regexp) bool { return pattern.MatchString(name) }) {
		return false
	}
	text, err := object.Find(ast.Ref{ast.StringTerm("metadata"), ast.StringTerm("creationTimestamp")})
	if err != nil {
		return true
	}
	stamp, _ := text.(ast.String)
	created, err := time.Parse(time.RFC3339, string(stamp))
	return err != nil || !created.Before(v.at)
}
