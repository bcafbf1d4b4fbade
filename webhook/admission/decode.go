package admission

import (
	"encoding/json"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/stateward/stateward/webhook/jsonscan"
)

const (
	reviewKind = "AdmissionReview"
	// maxUnknown is the length of an unknown field that is skipped. So short a text is not too deep for any decoder.
	maxUnknown = 4096
)

// decodeReview decodes an AdmissionReview in the form that an API server writes, and returns the objects as parts of the body.
// They are not checked: the engine does that as it reads them. ok is false for any other form, such as a null in place of a
// string or a field that occurs twice.
func decodeReview(body []byte) (request admission.Request, ok bool) {
	d := decoder{jsonscan.Scanner{Text: body}}
	var kind, version string
	ok = d.Fields(func(name []byte) bool {
		switch string(name) {
		case "kind":
			return d.String(&kind)
		case "apiVersion":
			return d.String(&version)
		case "request":
			return d.request(&request.AdmissionRequest)
		default:
			// controller-runtime reads the kind of a review without regard to case.
			return false
		}
	})
	d.Next()
	whole := d.At == len(body)
	return request, ok && whole && kind == reviewKind && version == admissionv1.SchemeGroupVersion.String()
}

// decoder reads values one after another. Each method returns false for a value in an unknown form. A string, a list or a map
// must be unset: of two fields with one name the later counts.
type decoder struct{ jsonscan.Scanner }

func (d *decoder) request(into *admissionv1.AdmissionRequest) bool {
	return d.Fields(func(name []byte) bool {
		switch string(name) {
		case "uid":
			return d.String((*string)(&into.UID))
		case "kind":
			return d.kind(&into.Kind)
		case "resource":
			return d.resource(&into.Resource)
		case "subResource":
			return d.String(&into.SubResource)
		case "requestKind":
			return d.kind(allocated(&into.RequestKind))
		case "requestResource":
			return d.resource(allocated(&into.RequestResource))
		case "requestSubResource":
			return d.String(&into.RequestSubResource)
		case "name":
			return d.String(&into.Name)
		case "namespace":
			return d.String(&into.Namespace)
		case "operation":
			return d.String((*string)(&into.Operation))
		case "userInfo":
			return d.user(&into.UserInfo)
		case "object":
			return d.object(&into.Object.Raw)
		case "oldObject":
			return d.object(&into.OldObject.Raw)
		case "dryRun":
			return d.flag(&into.DryRun)
		case "options":
			return d.object(&into.Options.Raw)
		default:
			return d.unknown(name)
		}
	})
}

func (d *decoder) kind(into *metav1.GroupVersionKind) bool {
	return d.identifier(&into.Group, &into.Version, "kind", &into.Kind)
}

func (d *decoder) resource(into *metav1.GroupVersionResource) bool {
	return d.identifier(&into.Group, &into.Version, "resource", &into.Resource)
}

// identifier reads a group and a version with what they have of this name.
func (d *decoder) identifier(group, version *string, last string, into *string) bool {
	return d.Fields(func(name []byte) bool {
		switch string(name) {
		case "group":
			return d.String(group)
		case "version":
			return d.String(version)
		case last:
			return d.String(into)
		default:
			return d.unknown(name)
		}
	})
}

func (d *decoder) user(into *authenticationv1.UserInfo) bool {
	return d.Fields(func(name []byte) bool {
		switch string(name) {
		case "username":
			return d.String(&into.Username)
		case "uid":
			return d.String(&into.UID)
		case "groups":
			return d.Strings(&into.Groups)
		case "extra":
			return d.extra(&into.Extra)
		default:
			return d.unknown(name)
		}
	})
}

func (d *decoder) extra(into *map[string]authenticationv1.ExtraValue) bool {
	if *into != nil {
		return false
	}
	*into = map[string]authenticationv1.ExtraValue{}
	return d.Fields(func(name []byte) bool {
		value := (*into)[string(name)]
		if !jsonscan.IsPlain(name) || !d.Strings((*[]string)(&value)) {
			return false
		}
		(*into)[string(name)] = value
		return true
	})
}

func (d *decoder) flag(into **bool) bool {
	value := string(d.Value())
	isTrue := value == "true"
	if *into != nil || !isTrue && value != "false" {
		return false
	}
	*into = &isTrue
	return true
}

// object finds the end of a JSON object. An API server writes null for none.
func (d *decoder) object(into *[]byte) bool {
	if d.Next() != '{' {
		return string(d.Value()) == "null"
	}
	if *into != nil {
		return false
	}
	*into = d.Value()
	return *into != nil
}

// unknown skips a field that a later version of Kubernetes may have.
func (d *decoder) unknown(name []byte) bool {
	value := d.Value()
	return jsonscan.IsPlain(name) && len(value) <= maxUnknown && json.Valid(value)
}

func allocated[T any](into **T) *T {
	if *into == nil {
		*into = new(T)
	}
	return *into
}
