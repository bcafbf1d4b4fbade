package auditlog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// apiVersion and kind are those of a line, kindOfList that of a batch as webhook backends send it.
	apiVersion = "audit.k8s.io/v1"
	kind       = "Event"
	kindOfList = "EventList"
	// stageComplete is the stage of an event that has all that an API server says of a request.
	stageComplete = "ResponseComplete"
	// levelRequest and levelResponse are those that hold the body of a request, unless it is truncated.
	levelRequest  = "Request"
	levelResponse = "RequestResponse"
	// truncated is an annotation of an event whose bodies were too large for the API server's limit.
	truncated = "audit.k8s.io/truncated"
)

// event is what is read of an audit.k8s.io/v1 Event.
// Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
type event struct {
	metav1.TypeMeta
	Level            string                     `json:"level"`
	AuditID          string                     `json:"auditID"`
	Stage            string                     `json:"stage"`
	RequestURI       string                     `json:"requestURI"`
	Verb             string                     `json:"verb"`
	User             authenticationv1.UserInfo  `json:"user"`
	ImpersonatedUser *authenticationv1.UserInfo `json:"impersonatedUser"`
	ObjectRef        *reference                 `json:"objectRef"`
	ResponseStatus   *metav1.Status             `json:"responseStatus"`
	RequestObject    json.RawMessage            `json:"requestObject"`
	ResponseObject   json.RawMessage            `json:"responseObject"`
	Received         metav1.MicroTime           `json:"requestReceivedTimestamp"`
	Annotations      map[string]string          `json:"annotations"`
	// Items are the events of an EventList.
	Items []event `json:"items"`

	// result is the object as it was stored, or what was sent where the answer is only a Status; empty where the level of
	// the audit policy leaves it out. resultType is what it is.
	result     json.RawMessage
	resultType metav1.TypeMeta
	// deleteOptions are those of a deletion, and dryRun says that nothing was stored.
	deleteOptions metav1.DeleteOptions
	dryRun        bool
}

// reference is what a request is about.
type reference struct {
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	APIGroup    string `json:"apiGroup"`
	APIVersion  string `json:"apiVersion"`
}

// resource is as rules name it, such as "statefulsets/scale".
func (r reference) resource() string {
	if r.Subresource == "" {
		return r.Resource
	}
	return r.Resource + "/" + r.Subresource
}

// parse reads a line.
func parse(line []byte) ([]event, error) {
	var read event
	if err := json.Unmarshal(line, &read); err != nil {
		return nil, fmt.Errorf("the audit event cannot be read: %w", err)
	}
	switch {
	case read.APIVersion != apiVersion:
		return nil, fmt.Errorf("the audit event is of %s, and this version of Stateward reads %s", read.APIVersion, apiVersion)
	case read.Kind == kindOfList:
		return read.Items, nil
	case read.Kind != kind:
		return nil, fmt.Errorf("the audit event has the unknown kind %q", read.Kind)
	default:
		return []event{read}, nil
	}
}

// operation is that of the admission request; empty for a read.
func (e *event) operation() admissionv1.Operation {
	switch e.Verb {
	case "create":
		return admissionv1.Create
	case "update", "patch":
		// Both create what does not exist: server-side apply does so all the time.
		if e.ResponseStatus != nil && e.ResponseStatus.Code == http.StatusCreated {
			return admissionv1.Create
		}
		return admissionv1.Update
	case "delete", "deletecollection":
		return admissionv1.Delete
	default:
		return ""
	}
}

// ended reports whether the event says how the request ended.
func (e *event) ended() bool { return e.ResponseStatus != nil && e.ResponseStatus.Code != 0 }

// holdsBody reports whether a request without a body in the event had none.
func (e *event) holdsBody() bool {
	return len(e.RequestObject) > 0 || (e.Level == levelRequest || e.Level == levelResponse) && e.Annotations[truncated] != "true"
}

// items are the objects of an answer that is a list, and whether it is one.
func (e *event) items() (items []json.RawMessage, listed bool) {
	var list struct {
		Kind  string             `json:"kind"`
		Items *[]json.RawMessage `json:"items"`
	}
	if json.Unmarshal(e.ResponseObject, &list) != nil {
		return nil, false
	}
	if list.Items != nil {
		items = *list.Items
	}
	return items, list.Items != nil || strings.HasSuffix(list.Kind, "List")
}

// isAbout reports whether the answer is about this object, by the uids that the two show: another one may have had the name since.
func (e *event) isAbout(object json.RawMessage) bool {
	var read metav1.PartialObjectMetadata
	// An object that cannot be read has no uid.
	_ = json.Unmarshal(object, &read)
	uid := e.uid()
	return uid == "" || read.UID == "" || uid == read.UID
}

// uid is that of the object in the answer, or that a Status names; empty without either.
func (e *event) uid() types.UID {
	var read struct {
		Metadata struct {
			UID types.UID `json:"uid"`
		} `json:"metadata"`
		Details struct {
			UID types.UID `json:"uid"`
		} `json:"details"`
	}
	// An answer without a body has no uid.
	_ = json.Unmarshal(e.ResponseObject, &read)
	return cmp.Or(read.Metadata.UID, read.Details.UID)
}

// succeeded reports whether the API server carried out the request.
func (e *event) succeeded() bool {
	return e.ResponseStatus != nil && e.ResponseStatus.Code >= http.StatusOK && e.ResponseStatus.Code < http.StatusMultipleChoices
}

// user is whom admission sees.
func (e *event) user() authenticationv1.UserInfo {
	if e.ImpersonatedUser != nil {
		return *e.ImpersonatedUser
	}
	return e.User
}

// query are the parameters of the request.
func (e *event) query() url.Values {
	parsed, err := url.ParseRequestURI(e.RequestURI)
	if err != nil {
		return nil
	}
	return parsed.Query()
}

// complete fills the fields that follow from the others.
func (e *event) complete() {
	query := e.query()
	if e.operation() == admissionv1.Delete {
		e.deleteOptions = optionsOf(e.RequestObject, query)
	}
	e.dryRun = slices.Contains(query["dryRun"], metav1.DryRunAll) || slices.Contains(e.deleteOptions.DryRun, metav1.DryRunAll)
	e.result, e.resultType = e.ResponseObject, typeOf(e.ResponseObject)
	if e.resultType.Kind == "Status" {
		e.result, e.resultType = e.RequestObject, typeOf(e.RequestObject)
	}
}

// optionsOf are those of the body of a deletion or, without a body, of its parameters, as an API server takes them.
func optionsOf(body json.RawMessage, query url.Values) (options metav1.DeleteOptions) {
	// An API server has read them before, so they can be read.
	if len(body) > 0 {
		_ = json.Unmarshal(body, &options)
	} else {
		_ = metav1.Convert_url_Values_To_v1_DeleteOptions(&query, &options, nil)
	}
	options.TypeMeta = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "DeleteOptions"}
	return options
}

// typeOf is the kind of an object; empty where it has none.
func typeOf(object json.RawMessage) (read metav1.TypeMeta) {
	_ = json.Unmarshal(object, &read)
	return read
}
