// Package corpus makes the AdmissionReviews that all contestants are asked. They are generated and always the same: a
// StatefulSet that keeps to all common rules, or one that breaks some, of five sizes, in four operations.
package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// The operations of reviews. A Scale is an UPDATE of the subresource, and counted apart.
const (
	Create = "create"
	Update = "update"
	Scale  = "scale"
	Delete = "delete"
)

// Namespace is where all objects of the corpus live.
const Namespace = "default"

// Review is one AdmissionReview.
type Review struct {
	// Operation is one of the four above.
	Operation string
	// KiB is the size that the object was made for; an update has two such objects. It is 0 for a Scale.
	KiB int
	// Fault is what was broken on purpose; it is empty where the object keeps to the rules.
	Fault string
	// Allowed is the answer that the common rules have.
	Allowed bool
	// Body is what is sent.
	Body []byte

	uids, names []int
}

// digits are how many of a UID and of a name count the reviews.
const digits = 12

func uidOf(number int) string  { return fmt.Sprintf("0c0a5e00-0000-4000-8000-%0*d", digits, number) }
func nameOf(number int) string { return fmt.Sprintf("set-%0*d", digits, number) }

// Numbered writes the body into buffer, which it lets grow, with other numbers in the request's UID and in the object's name.
// A name below 0 leaves the object as it is.
func (r *Review) Numbered(buffer []byte, uid, name int) []byte {
	buffer = append(buffer[:0], r.Body...)
	for _, at := range r.uids {
		write(buffer[at:at+digits], uid)
	}
	if name >= 0 {
		for _, at := range r.names {
			write(buffer[at:at+digits], name)
		}
	}
	return buffer
}

// UID is what Numbered writes for this number.
func UID(number int) string { return uidOf(number) }

func write(into []byte, number int) {
	for index := len(into) - 1; index >= 0; index-- {
		into[index] = byte('0' + number%10)
		number /= 10
	}
}

// group is so many reviews of one kind.
type group struct {
	operation       string
	kib             int
	allowed, denied int
}

// groups make what is small frequent, and what is large rare, as in a cluster.
func groups() []group {
	return []group{
		{Create, 2, 66, 48}, {Create, 9, 56, 42}, {Create, 30, 15, 12}, {Create, 100, 4, 2}, {Create, 500, 2, 1},
		{Update, 2, 42, 24}, {Update, 9, 44, 30}, {Update, 30, 12, 10}, {Update, 100, 2, 2}, {Update, 500, 1, 1},
		{Scale, 0, 60, 38},
		{Delete, 2, 26, 12}, {Delete, 9, 24, 12}, {Delete, 30, 8, 4},
	}
}

// New returns the corpus, 600 reviews of which four in ten are to be denied, well mixed and always in the same order.
func New() ([]*Review, error) {
	var reviews []*Review
	for _, group := range groups() {
		for index := range group.allowed + group.denied {
			fault := ""
			if index >= group.allowed {
				fault = faultFor(group.operation, index-group.allowed)
			}
			review, err := newReview(group, len(reviews), fault)
			if err != nil {
				return nil, fmt.Errorf("make a review: %s of %d KiB: %w", group.operation, group.kib, err)
			}
			reviews = append(reviews, review)
		}
	}
	mix := rand.New(rand.NewPCG(1, 2))
	mix.Shuffle(len(reviews), func(i, j int) { reviews[i], reviews[j] = reviews[j], reviews[i] })
	return reviews, nil
}

func newReview(group group, number int, fault string) (*Review, error) {
	request, err := newRequest(group, number, fault)
	if err != nil {
		return nil, err
	}
	request.UID = types.UID(uidOf(number))
	request.Name, request.Namespace = nameOf(number), Namespace
	request.Resource = metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}
	request.RequestKind, request.RequestResource, request.RequestSubResource = &request.Kind, &request.Resource, request.SubResource
	request.UserInfo = authenticationv1.UserInfo{Username: "developer", Groups: []string{"developers", "system:authenticated"}}
	request.DryRun = new(bool)
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"}, Request: request,
	})
	if err != nil {
		return nil, err
	}
	return &Review{
		Operation: group.operation, KiB: group.kib, Fault: fault, Allowed: fault == "", Body: body,
		uids: digitsOf(body, uidOf(number)), names: digitsOf(body, nameOf(number)),
	}, nil
}

func newRequest(group group, number int, fault string) (*admissionv1.AdmissionRequest, error) {
	sets := metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}
	object := newStatefulSet(number, group.kib)
	switch group.operation {
	case Create:
		breaking(object, fault, number)
		return &admissionv1.AdmissionRequest{
			Kind: sets, Operation: admissionv1.Create, Object: raw(object), Options: options("CreateOptions"),
		}, nil
	case Update:
		before := object.DeepCopy()
		// What was wrong before is no excuse: half of the faults are in both versions.
		if number%2 == 0 {
			breaking(before, fault, number)
		}
		changing(object, number)
		breaking(object, fault, number)
		return &admissionv1.AdmissionRequest{
			Kind: sets, Operation: admissionv1.Update, Object: raw(object), OldObject: raw(before), Options: options("UpdateOptions"),
		}, nil
	case Delete:
		// What is to go may break all rules but the one about deletions.
		if fault == "" && number%3 == 0 {
			breaking(object, faultFor(Create, number), number)
			object.Spec.PersistentVolumeClaimRetentionPolicy = retained()
		}
		breaking(object, fault, number)
		return &admissionv1.AdmissionRequest{
			Kind: sets, Operation: admissionv1.Delete, OldObject: raw(object), Options: options("DeleteOptions"),
		}, nil
	case Scale:
		before, after := newScale(number, 3), newScale(number, 2+int32(number%5))
		if fault != "" {
			after = newScale(number, int32(number%2))
		}
		return &admissionv1.AdmissionRequest{
			Kind:        metav1.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"},
			SubResource: "scale", Operation: admissionv1.Update, Object: raw(after), OldObject: raw(before), Options: options("UpdateOptions"),
		}, nil
	default:
		return nil, fmt.Errorf("unknown operation %q", group.operation)
	}
}

func raw(object runtime.Object) runtime.RawExtension { return runtime.RawExtension{Object: object} }

func options(kind string) runtime.RawExtension {
	return runtime.RawExtension{Raw: fmt.Appendf(nil, `{"kind":%q,"apiVersion":"meta.k8s.io/v1"}`, kind)}
}

// digitsOf tells where the last digits of text stand, wherever it is.
func digitsOf(body []byte, text string) (places []int) {
	for from := 0; ; {
		at := bytes.Index(body[from:], []byte(text))
		if at < 0 {
			return places
		}
		from += at + len(text)
		places = append(places, from-digits)
	}
}
