package confirmations

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MaxRecent is how many uses a status lists.
const MaxRecent = 10

// Status says what the Confirmation was used for. Stateward writes it after the decisions, and no decision reads it.
type Status struct {
	// Uses is the number of requests that were allowed because of the Confirmation.
	// +kubebuilder:validation:Minimum=0
	Uses int64 `json:"uses,omitempty"`
	// LastUsed is the time of the last use.
	LastUsed *metav1.Time `json:"lastUsed,omitempty"`
	// Recent lists the last uses, at most 10, the newest first.
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	Recent []Use `json:"recent,omitempty"`
}

// Use is one request that was allowed because of the Confirmation.
type Use struct {
	// Time is when Stateward allowed the request. Another check may have denied it afterwards.
	Time metav1.Time `json:"time"`
	// User is who sent the request.
	// +kubebuilder:validation:MaxLength=500
	User string `json:"user"`
	// Operation is CREATE, UPDATE or DELETE; CREATE is an eviction.
	// +kubebuilder:validation:MaxLength=20
	Operation string `json:"operation"`
	// Resource is the plural, with the subresource, such as statefulsets or statefulsets/scale.
	// +kubebuilder:validation:MaxLength=320
	Resource string `json:"resource"`
	// Name is the name of the object.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Add counts uses, which are in the order of their time.
func (s *Status) Add(uses ...Use) {
	for _, use := range uses {
		s.Uses++
		if s.LastUsed == nil || s.LastUsed.Before(&use.Time) {
			s.LastUsed = use.Time.DeepCopy()
		}
		s.Recent = slices.Insert(s.Recent, 0, use)
	}
	// Several replicas add theirs.
	slices.SortStableFunc(s.Recent, func(a, b Use) int { return b.Time.Compare(a.Time.Time) })
	s.Recent = s.Recent[:min(len(s.Recent), MaxRecent)]
}
