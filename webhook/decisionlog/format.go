package decisionlog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/lru"

	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/engine/inventory"
	"github.com/stateward/stateward/policies/engine/lazy"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// rememberedObjects is how many objects of the inventory are kept as they are written: the caches return the same ones
// for request after request.
const rememberedObjects = 256

// formatter writes records as JSON. It is used by one at a time.
type formatter struct {
	labels map[string]string
	warn   func([]engine.Finding) []string
	// objects are those of the masks of one revision of the Guardrails.
	objects  *lru.Cache
	revision string
}

func newFormatter(options Options) *formatter {
	return &formatter{labels: options.Labels, warn: options.Warn, objects: lru.New(rememberedObjects)}
}

// named is an object with its digest.
type named struct {
	encoded
	digest string
}

// draft is a record that is being put together.
type draft struct {
	header
	masking
	parts   []part
	objects map[string]json.RawMessage
	secrets map[string]string
}

// part is an object of the request.
type part struct {
	name string
	json []byte
}

// record is the line of an entry.
func (f *formatter) record(entry Entry, key []byte) ([]byte, error) {
	library, guardrails := entry.Engine.Revision()
	if f.revision != guardrails {
		f.objects, f.revision = lru.New(rememberedObjects), guardrails
	}
	made := &draft{
		header: header{
			Schema: Schema, Type: typeDecision, DecisionID: string(entry.Request.UID), Timestamp: entry.Time.UTC(), Path: entry.Path,
			Labels:  f.labels,
			Bundles: Bundles{Library: Bundle{Revision: library}, Guardrails: Bundle{Revision: guardrails, Generation: generationOf(entry.Engine.Guardrails())}},
			Metrics: Metrics{Handler: entry.Took.Nanoseconds()},
		},
		masking: newMasking(entry.Engine.Guardrails().Log().Patterns(), key),
		objects: map[string]json.RawMessage{},
		secrets: map[string]string{},
	}
	made.request(entry)
	if entry.Recording != nil {
		made.Unknown = entry.Recording.Unknown
		for _, read := range entry.Recording.Reads {
			made.Reads = append(made.Reads, made.read(f, read))
		}
	}
	result := made.said(entry, f.warn)
	return made.line(entry, result)
}

func generationOf(guardrails *v1alpha1.Guardrails) int64 {
	if guardrails == nil {
		return 0
	}
	return guardrails.Generation
}

// request adds the objects of a request. Those of a Secret are never written.
func (d *draft) request(entry Entry) {
	for _, name := range []string{"object", "oldObject", "options"} {
		at := "/input/request/" + name
		if entry.Prepared == nil || entry.Request.Kind == (metav1.GroupVersionKind{Version: "v1", Kind: "Secret"}) {
			d.Erased = append(d.Erased, at)
			continue
		}
		value := entry.Prepared.Part(name)
		if value == nil || lazy.Is(value, ast.NullValue) {
			continue
		}
		text := d.encode(value)
		d.add(text, at)
		d.parts = append(d.parts, part{name, text.json})
		if name != "options" && !entry.Engine.ReadsManagedFields() {
			d.Erased = append(d.Erased, at+"/metadata/managedFields")
		}
	}
}

// add notes what is masked in an object, and what is left out.
func (d *draft) add(object encoded, at string) {
	for _, pointer := range object.erased {
		d.Erased = append(d.Erased, at+pointer)
	}
	for _, pointer := range object.masked {
		d.Masked = append(d.Masked, at+pointer)
	}
	maps.Copy(d.secrets, object.secrets)
}

// read is a look-up with what was found.
func (d *draft) read(f *formatter, read inventory.Read) Read {
	made := Read{Path: read.Path}
	if !read.Many {
		if made.Absent = read.Value == nil; !made.Absent {
			made.Object = d.object(f, read.Value)
		}
		return made
	}
	listed, _ := read.Value.(ast.Object)
	if listed == nil || listed.Len() == 0 {
		return made
	}
	made.Objects = make(map[string]string, listed.Len())
	listed.Foreach(func(name, object *ast.Term) {
		// Objects are listed by name.
		key, _ := name.Value.(ast.String)
		made.Objects[string(key)] = d.object(f, object.Value)
	})
	return made
}

// object adds an object of the inventory once, and returns its digest.
func (d *draft) object(f *formatter, value ast.Value) string {
	known, ok := f.objects.Get(value)
	if !ok {
		text := d.encode(lazy.OfValue(value))
		known = named{text, digestOf(text.json)}
		f.objects.Add(value, known)
	}
	object, _ := known.(named)
	if _, again := d.objects[object.digest]; !again {
		d.objects[object.digest] = object.json
		d.add(object.encoded, jsonPointer([]string{"objects", object.digest}))
	}
	return object.digest
}

// said is what was decided, nil where nothing could be.
func (d *draft) said(entry Entry, warn func([]engine.Finding) []string) *Result {
	texts := newMessages(d.patterns, d.secrets)
	for index := range d.Reads {
		d.Reads[index].Path = slices.Clone(d.Reads[index].Path)
		for step, text := range d.Reads[index].Path {
			if d.Reads[index].Path[step] = texts.text(text); d.Reads[index].Path[step] != text {
				d.Masked = append(d.Masked, fmt.Sprintf("/reads/%d/path/%d", index, step))
			}
		}
	}
	if entry.Err != nil {
		d.Error = texts.text(entry.Err.Error())
		return nil
	}
	texts.changed = false
	decision := texts.decision(entry.Decision)
	if texts.changed {
		d.Masked = append(d.Masked, "/result")
	}
	return &Result{Decision: decision, Warnings: warn(decision.Findings)}
}

// line puts the record together. What is large is JSON already, and is copied.
func (d *draft) line(entry Entry, result *Result) ([]byte, error) {
	asked := entry.Request
	small, err := json.Marshal(request{
		UID: string(asked.UID), Kind: asked.Kind, Resource: asked.Resource, SubResource: asked.SubResource, Name: asked.Name,
		Namespace: asked.Namespace, Operation: asked.Operation, DryRun: asked.DryRun,
		// Rules see no more of a user, and the rest may identify credentials.
		UserInfo: authenticationv1.UserInfo{Username: asked.UserInfo.Username, UID: asked.UserInfo.UID, Groups: asked.UserInfo.Groups},
	})
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(d.header)
	if err != nil {
		return nil, err
	}
	line := append(d.room(len(head)+len(small)), unclosed(head)...)
	line = appendField(line, "input", []byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"`))
	line = appendField(line, "request", unclosed(small))
	for _, part := range d.parts {
		line = appendField(line, part.name, part.json)
	}
	line = append(line, "}}"...)
	if result != nil {
		said, err := json.Marshal(result)
		if err != nil {
			return nil, err
		}
		line = appendField(line, "result", said)
	}
	return append(d.appendObjects(line), "}\n"...), nil
}

// room is an empty line for the objects, so many bytes, and a result of the usual length.
func (d *draft) room(more int) []byte {
	for _, part := range d.parts {
		more += len(part.json)
	}
	for digest, object := range d.objects {
		more += len(digest) + len(object)
	}
	return make([]byte, 0, more+4096)
}

// appendObjects writes the objects by digest.
func (d *draft) appendObjects(line []byte) []byte {
	if len(d.objects) == 0 {
		return line
	}
	line = appendField(line, "objects", nil)
	for index, digest := range slices.Sorted(maps.Keys(d.objects)) {
		line = append(line, "{,"[min(index, 1)])
		line = append(appendString(line, digest), ':')
		line = append(line, d.objects[digest]...)
	}
	return append(line, '}')
}

// unclosed is an object without its last brace, so that fields can follow.
func unclosed(object []byte) []byte { return object[:len(object)-1] }

// appendField adds one more field to an object that is not closed.
func appendField(object []byte, name string, value []byte) []byte {
	object = append(object, ',')
	object = append(appendString(object, name), ':')
	return append(object, value...)
}

// guardrailsLine is the record of the Guardrails of an entry.
func guardrailsLine(entry Entry) ([]byte, error) {
	_, revision := entry.Engine.Revision()
	document := json.RawMessage("null")
	if guardrails := entry.Engine.Guardrails(); guardrails != nil {
		stored := v1alpha1.Guardrails{TypeMeta: guardrails.TypeMeta, Spec: guardrails.Spec}
		stored.Name, stored.Generation = guardrails.Name, guardrails.Generation
		var err error
		if document, err = json.Marshal(stored); err != nil {
			return nil, err
		}
	}
	line, err := json.Marshal(guardrailsRecord{Schema: Schema, Type: typeGuardrails, Timestamp: entry.Time.UTC(), Revision: revision, Guardrails: document})
	return append(line, '\n'), err
}
