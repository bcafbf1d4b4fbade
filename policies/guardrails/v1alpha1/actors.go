package v1alpha1

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// ClassAutomation is the key of `actions` and `advice` for service accounts that are none of Kubernetes' own controllers, and for
// the actors in spec.automation.
const ClassAutomation = "automation"

// Subject kinds, as RBAC has them.
const (
	SubjectUser           = "User"
	SubjectGroup          = "Group"
	SubjectServiceAccount = "ServiceAccount"
)

// Actor names a list of subjects, for use in match.
type Actor struct {
	// Name is how match refers to this actor.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Subjects are the users, groups and service accounts of this actor.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=atomic
	Subjects []Subject `json:"subjects"`
}

// Subject is a user, a group or a service account, as in an RBAC binding.
//
// +kubebuilder:validation:XValidation:rule="self.kind == 'ServiceAccount' ? has(self.__namespace__) : !has(self.__namespace__)",message="namespace is required for a ServiceAccount and not allowed for others"
type Subject struct {
	// Kind is User, Group or ServiceAccount.
	// +kubebuilder:validation:Enum=User;Group;ServiceAccount
	Kind string `json:"kind"`
	// Name of the subject; `*` matches any characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// Namespace of a ServiceAccount; `*` matches any characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}

// Owner selects objects by their controller, the owner with `controller: true`.
type Owner struct {
	// Group is the API group of the owner.
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group"`
	// Kinds are the kinds of the owner.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +listType=set
	Kinds []string `json:"kinds"`
}

// accountName is what a name or namespace of a service account may be made of, and `*`.
var accountName = regexp.MustCompile(`^[-.a-z0-9*]+$`)

func (s Subject) check(found *mistakes, path ...any) {
	switch s.Kind {
	case SubjectUser, SubjectGroup:
		if s.Namespace != "" {
			found.add(fmt.Errorf("%q: only a ServiceAccount has a namespace", s.Namespace), append(path, "namespace")...)
		}
	case SubjectServiceAccount:
		if !accountName.MatchString(s.Namespace) {
			found.add(fmt.Errorf("%q is not a namespace of a ServiceAccount, in which * matches any characters", s.Namespace), append(path, "namespace")...)
		}
	case "":
		found.add(errors.New("is required: use User, Group or ServiceAccount"), append(path, "kind")...)
	default:
		found.add(fmt.Errorf("unknown kind %q: use User, Group or ServiceAccount", s.Kind), append(path, "kind")...)
	}
	if s.Name == "" {
		found.add(errors.New("is required"), append(path, "name")...)
	}
}

// CheckSubjects says what is wrong with subjects, each at its field below path.
func CheckSubjects(subjects []Subject, path ...any) error {
	var found mistakes
	checkSubjects(subjects, &found, path...)
	return errors.Join(found...)
}

func checkSubjects(subjects []Subject, found *mistakes, path ...any) {
	for index, subject := range subjects {
		subject.check(found, append(path, index)...)
	}
}

func (s GuardrailsSpec) checkActors(found *mistakes) {
	seen := map[string]int{}
	for index, actor := range s.Actors {
		path := []any{"spec", "actors", index}
		if first, again := seen[actor.Name]; again {
			found.add(fmt.Errorf("actor %q is already in actors[%d]", actor.Name, first), append(path, "name")...)
		}
		seen[actor.Name] = index
		if actor.Name == "" || actor.Name == ClassAutomation {
			found.add(fmt.Errorf("%q is not a name for an actor: choose another one", actor.Name), append(path, "name")...)
		}
		if len(actor.Subjects) == 0 {
			found.add(errors.New("is empty: list at least one subject"), append(path, "subjects")...)
		}
		checkSubjects(actor.Subjects, found, append(path, "subjects")...)
	}
	s.eachList(func(actors []string, path ...any) {
		for index, actor := range actors {
			if _, known := seen[actor]; !known {
				found.add(fmt.Errorf("spec.actors has no actor %q", actor), append(path, index)...)
			}
		}
	})
	for index, setting := range s.Rules {
		for name, level := range setting.Actions {
			path := []any{"spec", "rules", index, "actions", name}
			if _, known := seen[name]; !known && name != ClassAutomation {
				found.add(fmt.Errorf("spec.actors has no actor %q: use one of them, or %s", name, ClassAutomation), path...)
			}
			found.add(checkLevel(level), path...)
		}
	}
	if s.Advice != nil && !slices.Contains([]string{"", "warn", "event", "audit"}, s.Advice.Automation) {
		found.add(fmt.Errorf("%q: use warn, event or audit", s.Advice.Automation), "spec", "advice", ClassAutomation)
	}
}

// eachMatch calls visit for every match with its path.
func (s GuardrailsSpec) eachMatch(visit func(match *Match, path ...any)) {
	if s.Match != nil {
		visit(s.Match, "spec", "match")
	}
	for index := range s.Rules {
		if match := s.Rules[index].Match; match != nil {
			visit(match, "spec", "rules", index, "match")
		}
	}
	for index := range s.Exceptions {
		visit(&s.Exceptions[index].Match, "spec", "exceptions", index, "match")
	}
}

// eachList calls visit for every list of names of actors, with its path.
func (s GuardrailsSpec) eachList(visit func(actors []string, path ...any)) {
	visit(s.Automation, "spec", "automation")
	visit(s.Promoters, "spec", "promoters")
	s.eachMatch(func(match *Match, path ...any) {
		visit(match.Actors, append(slices.Clone(path), "actors")...)
		visit(match.ExcludedActors, append(slices.Clone(path), "excludedActors")...)
	})
}

// SubjectsOf are the subjects of these actors.
func (s GuardrailsSpec) SubjectsOf(actors []string) (subjects []Subject) {
	for _, actor := range s.Actors {
		if slices.Contains(actors, actor.Name) {
			subjects = append(subjects, actor.Subjects...)
		}
	}
	return subjects
}
