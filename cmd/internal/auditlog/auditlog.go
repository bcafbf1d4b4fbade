// Package auditlog reads the audit log of an API server as requests that rules can check. It is a poorer source than a
// decision log: it holds neither the objects beside a request nor, for most requests, the object as it was before.
package auditlog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/webhook/decisionlog"
	"github.com/stateward/stateward/webhook/registration"
)

// Reader reads the events of a log in their order: the object before a change is the one that an earlier event left.
type Reader struct {
	evaluated map[string]map[string]bool
	objects   map[string]*memory
	// Events counts those that were read, Refused the requests among them that an API server refused, and which were not
	// evaluated again for that.
	Events, Refused int
	// Unended counts the events of earlier stages, which a later event repeats.
	Unended int
}

// NewReader returns a reader of requests that rules of this library check.
func NewReader(library *policies.Library) *Reader {
	reader := &Reader{evaluated: map[string]map[string]bool{}, objects: map[string]*memory{}}
	for _, rule := range library.Rules {
		for resource, operations := range rule.On {
			if reader.evaluated[resource] == nil {
				reader.evaluated[resource] = map[string]bool{}
			}
			for _, operation := range operations {
				reader.evaluated[resource][operation] = true
			}
		}
	}
	return reader
}

// Is recognizes a line of an audit log. What collects logs may have sorted its fields, so it is not known where the version is; in
// a record of a decision log, an object may have a key like it.
func Is(line []byte) bool {
	return bytes.Contains(line, []byte(`"audit.k8s.io/`)) && !bytes.Contains(line, []byte(`"`+decisionlog.SchemaPrefix))
}

// Read returns the requests of a line, as records without a decision. Record.Erased says which objects they lack. An
// error is of a line that cannot be read.
func (r *Reader) Read(line []byte) (records []*decisionlog.Record, err error) {
	events, err := parse(line)
	for index := range events {
		records = append(records, r.take(&events[index])...)
	}
	return records, err
}

func (r *Reader) take(read *event) []*decisionlog.Record {
	operation := read.operation()
	if read.Stage != stageComplete {
		r.Unended++
		return nil
	}
	r.Events++
	if read.ObjectRef == nil {
		return nil
	}
	resource, known := policies.LookupResource(read.ObjectRef.Resource)
	switch {
	case operation == "" || !known || resource.OnlyDeleted || resource.Group != read.ObjectRef.APIGroup:
		return nil
	case !read.ended():
		r.memory(resource.Name).forget(read.key())
		if r.matches(read) {
			return unended(read, resource)
		}
		return nil
	case !read.succeeded():
		if r.matches(read) {
			r.Refused++
		}
		return nil
	}
	read.complete()
	var records []*decisionlog.Record
	switch {
	case !r.matches(read):
	case read.Verb == "deletecollection":
		records = collection(read, resource)
	default:
		records = []*decisionlog.Record{r.record(read, resource)}
	}
	r.remember(read, resource)
	return records
}

// matches reports whether a rule checks such requests, and an API server asks about them.
func (r *Reader) matches(read *event) bool {
	operation := read.operation()
	finishes := operation == admissionv1.Delete && slices.Contains(policies.DeletionControllers(), read.user().Username)
	namespace := read.ObjectRef.Namespace
	if read.ObjectRef.Resource == "namespaces" {
		namespace = read.ObjectRef.Name
	}
	return r.evaluated[read.ObjectRef.resource()][string(operation)] && !finishes && !registration.IsExempt(namespace)
}

// record is the request of an event, with the objects that are known.
func (r *Reader) record(read *event, resource policies.Resource) *decisionlog.Record {
	made := recordOf(read, resource)
	request := &made.Request
	if request.Operation != admissionv1.Delete {
		request.Object.Raw = read.result
	}
	if request.Operation != admissionv1.Create {
		request.OldObject.Raw = r.before(read, resource)
	}
	if object := r.memory(resource.Name).get(read.key()); read.ObjectRef.Subresource == "scale" && read.isAbout(object) {
		made.parent(object)
	}
	made.lack(read)
	return made.Record
}

// unended returns the request of an event that does not say how it ended: it may have been refused.
func unended(read *event, resource policies.Resource) []*decisionlog.Record {
	read.complete()
	made := recordOf(read, resource)
	made.Request.Object.Raw = read.result
	made.Erased = append(made.Erased, "/input/request/responseStatus")
	return []*decisionlog.Record{made.Record}
}

// collection returns the admission requests of a deletion of many objects: one for each object of the answer, which is
// the list as it was before. Without a list, it is one request that lacks its object.
func collection(read *event, resource policies.Resource) (records []*decisionlog.Record) {
	items, listed := read.items()
	for _, item := range items {
		made := recordOf(read, resource)
		made.Request.OldObject.Raw = ofKind(item, resource)
		made.lack(read)
		records = append(records, made.Record)
	}
	if !listed {
		made := recordOf(read, resource)
		made.lack(read)
		records = append(records, made.Record)
	}
	return records
}

// ofKind adds to an item of a list what it is, which the list says for all of them.
func ofKind(item json.RawMessage, resource policies.Resource) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(item, &object) != nil || object == nil {
		return item
	}
	version := schema.GroupVersion{Group: resource.Group, Version: resource.Version}
	object["apiVersion"], object["kind"] = json.RawMessage(strconv.Quote(version.String())), json.RawMessage(strconv.Quote(resource.Kind))
	// It was JSON.
	whole, _ := json.Marshal(object)
	return whole
}

// draft is a record that is being put together.
type draft struct{ *decisionlog.Record }

func recordOf(read *event, resource policies.Resource) draft {
	dry := read.dryRun
	record := &decisionlog.Record{Request: admissionv1.AdmissionRequest{
		UID:         types.UID(read.AuditID),
		Kind:        metav1.GroupVersionKind{Group: resource.Group, Version: resource.Version, Kind: resource.Kind},
		Resource:    metav1.GroupVersionResource{Group: resource.Group, Version: resource.Version, Resource: resource.Name},
		SubResource: read.ObjectRef.Subresource, Namespace: read.ObjectRef.Namespace, Name: read.ObjectRef.Name,
		Operation: read.operation(), UserInfo: read.user(), DryRun: &dry,
	}}
	record.DecisionID, record.Timestamp, record.Path = read.AuditID, read.Received.Time, decisionlog.PathValidate
	record.Result = json.RawMessage(`{"allowed":true}`)
	if read.ObjectRef.Subresource != "" && read.resultType.Kind != "" {
		group := read.resultType.GroupVersionKind()
		record.Request.Kind = metav1.GroupVersionKind{Group: group.Group, Version: group.Version, Kind: group.Kind}
	}
	if record.Request.Operation == admissionv1.Delete {
		// These fields come from JSON, or are plain text and numbers.
		record.Request.Options.Raw, _ = json.Marshal(read.deleteOptions)
	}
	return draft{record}
}

// parent adds what a subresource belongs to as an object that rules can look up.
func (d draft) parent(object json.RawMessage) {
	if len(object) == 0 {
		return
	}
	const digest = "parent"
	asked := d.Request
	d.Objects = map[string]json.RawMessage{digest: object}
	d.Reads = []decisionlog.Read{{Path: inventory.ObjectPath(asked.Resource.Resource, asked.Namespace, asked.Name), Object: digest}}
}

// lack notes which objects a request has and the log does not.
func (d draft) lack(read *event) {
	if d.Request.Operation == admissionv1.Delete && !read.holdsBody() {
		d.Erased = append(d.Erased, "/input/request/options")
	}
	for _, each := range []struct {
		name   string
		object runtime.RawExtension
		absent admissionv1.Operation
	}{{"object", d.Request.Object, admissionv1.Delete}, {"oldObject", d.Request.OldObject, admissionv1.Create}} {
		if len(each.object.Raw) == 0 && d.Request.Operation != each.absent {
			d.Erased = append(d.Erased, "/input/request/"+each.name)
		}
		// Every stored object has them, unless the audit policy omits them.
		if len(each.object.Raw) > 0 && !bytes.Contains(each.object.Raw, []byte(`"managedFields"`)) {
			d.Erased = append(d.Erased, "/input/request/"+each.name+"/metadata/managedFields")
		}
	}
}

// before is the object as an earlier event left it, in the form of what the request writes; empty if that is not known.
func (r *Reader) before(read *event, resource policies.Resource) json.RawMessage {
	object := r.memory(resource.Name).get(read.key())
	switch {
	case !read.isAbout(object):
		return nil
	case read.operation() == admissionv1.Delete && read.resultType.Kind == resource.Kind && !follows(read.result, object):
		return nil
	case read.operation() == admissionv1.Delete:
		return object
	case read.ObjectRef.Subresource == "scale":
		return scaleOf(object)
	case read.resultType.Kind == resource.Kind && follows(read.result, object):
		return object
	default:
		return nil
	}
}

// remember keeps the object as an event left it.
func (r *Reader) remember(read *event, resource policies.Resource) {
	known, key := r.memory(resource.Name), read.key()
	switch {
	case read.dryRun:
	case !read.isAbout(known.get(key)) && read.resultType.Kind != resource.Kind:
		known.forget(key)
	case read.Verb == "deletecollection":
		items, _ := read.items()
		for _, item := range items {
			known.forget(read.keyOf(nameOf(item)))
		}
	case read.operation() == admissionv1.Delete && !terminates(read.ResponseObject):
		known.forget(key)
	case read.ObjectRef.Subresource == "scale":
		if scaled := scaledTo(known.get(key), read.result); scaled != nil {
			known.put(key, scaled)
		} else {
			known.forget(key)
		}
	case read.resultType.Kind == resource.Kind:
		known.put(key, read.result)
	case read.ObjectRef.Subresource == "":
		// What it is now was not recorded.
		known.forget(key)
	}
}

func (r *Reader) memory(resource string) *memory {
	if r.objects[resource] == nil {
		r.objects[resource] = &memory{}
	}
	return r.objects[resource]
}

// key is the object of an event; what an API server named is in the answer.
func (e *event) key() string {
	if e.ObjectRef.Name == "" {
		return e.keyOf(nameOf(e.ResponseObject))
	}
	return e.keyOf(e.ObjectRef.Name)
}

func nameOf(object json.RawMessage) string {
	var read metav1.PartialObjectMetadata
	// What is not an object has no name.
	_ = json.Unmarshal(object, &read)
	return read.Name
}

// keyOf is the key of another object in the place of the event.
func (e *event) keyOf(name string) string {
	if e.ObjectRef.Resource == "namespaces" {
		return name
	}
	return e.ObjectRef.Namespace + "/" + name
}
