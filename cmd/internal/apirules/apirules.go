// Package apirules finds what an API server would reject in the objects that rules read, for checks without an API
// check.
//
// Kubernetes' own validation (k8s.io/kubernetes/pkg/apis) is not a library, and schemas, as in its OpenAPI documents or in
// kubectl-validate, know the structure of built-in types and none of their rules. So the structure is checked by reading
// an object into its Go type, names and labels by the libraries that an API server uses, and the rest is here. A test
// compares it with Kubernetes' own test cases.
package apirules

import (
	"fmt"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Errors are refusals, each with its field.
type Errors = field.ErrorList

// Refusals returns what an API server refuses of an object of Kubernetes' own type; nothing for kinds that this package
// does not know.
func Refusals(object any) Errors {
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		return statefulSet(object)
	case *corev1.Service:
		return service(object)
	case *policyv1.PodDisruptionBudget:
		return budget(object)
	default:
		return nil
	}
}

// Told returns the message of a refusal.
func Told(err *field.Error) string {
	switch err.Type {
	case field.ErrorTypeRequired:
		return strings.TrimSuffix("must be set: "+err.Detail, ": ")
	case field.ErrorTypeForbidden:
		return strings.TrimSuffix("not allowed here: "+err.Detail, ": ")
	case field.ErrorTypeDuplicate:
		return shown(err) + ": must be unique"
	case field.ErrorTypeNotSupported:
		return strings.TrimSuffix(fmt.Sprintf("%s: %s", shown(err), err.Detail), ": ")
	default:
		return fmt.Sprintf("%s: %s", shown(err), err.Detail)
	}
}

// shown names the value that is refused, where it is short.
func shown(err *field.Error) string {
	switch value := err.BadValue.(type) {
	case nil:
		return "not allowed here"
	case string:
		return fmt.Sprintf("%.80q is refused by API servers", value)
	case int, int32, int64, bool:
		return fmt.Sprintf("%v is refused by API servers", value)
	default:
		if text := reflect.ValueOf(value); text.Kind() == reflect.String {
			return fmt.Sprintf("%.80q is refused by API servers", text.String())
		}
		return "refused by API servers"
	}
}

// meta checks names, labels, annotations and owners.
func meta(object metav1.ObjectMeta, name validation.ValidateNameFunc) field.ErrorList {
	if object.Namespace == "" {
		object.Namespace = metav1.NamespaceDefault
	}
	if object.Name == "" && object.GenerateName != "" {
		object.Name = object.GenerateName + "xxxxx"
	}
	// What only an API server writes is not looked at.
	object.ManagedFields, object.Generation = nil, 0
	return validation.ValidateObjectMeta(&object, true, name, field.NewPath("metadata"))
}

// shortLabel is a DNS label of any length: the rule name-length reports long names with their consequences.
func shortLabel(name string, prefix bool) (faults []string) {
	for _, fault := range validation.NameIsDNSLabel(name, prefix) {
		if fault != utilvalidation.MaxLenError(utilvalidation.DNS1123LabelMaxLength) {
			faults = append(faults, fault)
		}
	}
	return faults
}

func statefulSet(set *appsv1.StatefulSet) field.ErrorList {
	spec, path := set.Spec, field.NewPath("spec")
	errs := meta(set.ObjectMeta, shortLabel)
	errs = append(errs, strategy(spec.UpdateStrategy, path.Child("updateStrategy"))...)
	errs = append(errs, oneOf(path.Child("podManagementPolicy"), spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement)...)
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy != nil {
		at := path.Child("persistentVolumeClaimRetentionPolicy")
		retain, remove := appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType
		errs = append(errs, oneOf(at.Child("whenDeleted"), policy.WhenDeleted, retain, remove)...)
		errs = append(errs, oneOf(at.Child("whenScaled"), policy.WhenScaled, retain, remove)...)
	}
	errs = append(errs, notNegative(path.Child("replicas"), spec.Replicas)...)
	errs = append(errs, notNegative(path.Child("minReadySeconds"), &spec.MinReadySeconds)...)
	errs = append(errs, notNegative(path.Child("revisionHistoryLimit"), spec.RevisionHistoryLimit)...)
	if spec.Ordinals != nil {
		errs = append(errs, notNegative(path.Child("ordinals", "start"), &spec.Ordinals.Start)...)
	}
	if spec.ServiceName != "" {
		errs = append(errs, named(path.Child("serviceName"), spec.ServiceName, validation.NameIsDNSLabel)...)
	}
	errs = append(errs, selector(spec.Selector, path.Child("selector"))...)
	errs = append(errs, claims(spec.VolumeClaimTemplates, path.Child("volumeClaimTemplates"))...)
	return append(errs, template(spec, path.Child("template"))...)
}

func strategy(strategy appsv1.StatefulSetUpdateStrategy, path *field.Path) field.ErrorList {
	const recreate = "Recreate"
	errs := oneOf(path.Child("type"), strategy.Type, appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType, recreate)
	if strategy.RollingUpdate != nil && (strategy.Type == appsv1.OnDeleteStatefulSetStrategyType || strategy.Type == recreate) {
		errs = append(errs, field.Invalid(path.Child("rollingUpdate"), nil, "only allowed where the type is RollingUpdate"))
	}
	return errs
}

// selector checks keys, operators and values; whether it matches is a rule's business.
func selector(selector *metav1.LabelSelector, path *field.Path) field.ErrorList {
	if selector == nil {
		return nil
	}
	return metavalidation.ValidateLabelSelector(selector, metavalidation.LabelSelectorValidationOptions{}, path)
}

// claims checks what the rule claim-template does not.
func claims(templates []corev1.PersistentVolumeClaim, path *field.Path) (errs field.ErrorList) {
	for index, claim := range templates {
		at := path.Index(index).Child("spec", "volumeAttributesClassName")
		if class := claim.Spec.VolumeAttributesClassName; class != nil && *class != "" {
			errs = append(errs, named(at, *class, validation.NameIsDNSSubdomain)...)
		}
	}
	return errs
}

// oneOf accepts what is not set: it gets its default.
func oneOf[T ~string](path *field.Path, value T, allowed ...T) field.ErrorList {
	if value == "" {
		return nil
	}
	for _, each := range allowed {
		if value == each {
			return nil
		}
	}
	return field.ErrorList{field.NotSupported(path, value, allowed)}
}

func notNegative[T int32 | int64](path *field.Path, value *T) field.ErrorList {
	if value == nil || *value >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(path, int64(*value), "must not be negative")}
}

func named(path *field.Path, name string, check validation.ValidateNameFunc) (errs field.ErrorList) {
	for _, fault := range check(name, false) {
		errs = append(errs, field.Invalid(path, name, fault))
	}
	return errs
}

// budget checks the numbers and the selector.
func budget(budget *policyv1.PodDisruptionBudget) field.ErrorList {
	path := field.NewPath("spec")
	errs := meta(budget.ObjectMeta, validation.NameIsDNSSubdomain)
	if budget.Spec.MinAvailable != nil && budget.Spec.MaxUnavailable != nil {
		errs = append(errs, field.Invalid(path, nil, "minAvailable and maxUnavailable cannot both be set"))
	}
	errs = append(errs, share(path.Child("minAvailable"), budget.Spec.MinAvailable)...)
	errs = append(errs, share(path.Child("maxUnavailable"), budget.Spec.MaxUnavailable)...)
	return append(errs, selector(budget.Spec.Selector, path.Child("selector"))...)
}
