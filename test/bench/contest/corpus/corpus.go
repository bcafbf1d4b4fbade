// Package corpus makes the AdmissionReviews that all contestants are asked. They are generated and always the same: a
// StatefulSet that keeps to all common rules, or one that breaks some, of five sizes, in four operations.
package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
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

	// uid is where the digits of the request's UID begin.
	uid int
}

// digits are how many of a UID count the questions.
const digits = 12

// UID is what Numbered writes for this number.
func UID(number int) string { return fmt.Sprintf("0c0a5e00-0000-4000-8000-%0*d", digits, number) }

// Numbered writes the body into buffer, which it lets grow, with another number in the request's UID: no API server uses one
// twice.
func (r *Review) Numbered(buffer []byte, number int) []byte {
	buffer = append(buffer[:0], r.Body...)
	write(buffer[r.uid:r.uid+digits], number)
	return buffer
}

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

// Stored returns what an API server has before it asks: the StatefulSets that are updated, scaled and deleted. All keep to
// the rules.
func Stored() (sets []*appsv1.StatefulSet) {
	number := 0
	for _, group := range groups() {
		for range group.allowed + group.denied {
			if group.operation != Create {
				sets = append(sets, fresh(number, 0))
			}
			number++
		}
	}
	return sets
}

// Bad returns one for each rule that is broken, by the rule's id. What API servers fill in or refuse by themselves is left out.
func Bad() map[string]*appsv1.StatefulSet {
	bad := map[string]*appsv1.StatefulSet{}
	for _, fault := range faults() {
		switch fault.rule {
		case "retention-policy", "selector-labels":
		default:
			set := fresh(0, 0)
			fault.broke(&set.Spec, 1)
			bad[fault.rule] = set
		}
	}
	return bad
}

// fresh has nothing that only API servers write.
func fresh(number, kib int) *appsv1.StatefulSet {
	set := newStatefulSet(number, kib)
	set.UID, set.ManagedFields, set.CreationTimestamp = "", nil, metav1.Time{}
	return set
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
	request.UID = types.UID(UID(number))
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
		uid: bytes.Index(body, []byte(UID(number))) + len(UID(number)) - digits,
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
