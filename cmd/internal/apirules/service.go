package apirules

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// service checks what rules read of a Service.
func service(service *corev1.Service) field.ErrorList {
	spec, path := service.Spec, field.NewPath("spec")
	errs := meta(service.ObjectMeta, validation.NameIsDNS1035Label)
	errs = append(errs, metavalidation.ValidateLabels(spec.Selector, path.Child("selector"))...)
	errs = append(errs, oneOf(path.Child("type"), spec.Type,
		corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName)...)
	headless := spec.ClusterIP == corev1.ClusterIPNone
	if headless && (spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer) {
		errs = append(errs, field.Invalid(path.Child("clusterIP"), spec.ClusterIP, "must not be None where the type is "+string(spec.Type)))
	}
	if len(spec.Ports) == 0 && !headless && spec.Type != corev1.ServiceTypeExternalName {
		errs = append(errs, field.Required(path.Child("ports"), "only a headless Service may have none"))
	}
	names := sets.New[string]()
	for index, port := range spec.Ports {
		errs = append(errs, servicePort(port, path.Child("ports").Index(index), len(spec.Ports) > 1, names)...)
	}
	return errs
}

func servicePort(port corev1.ServicePort, path *field.Path, needsName bool, names sets.Set[string]) field.ErrorList {
	errs := portNumber(path.Child("port"), port.Port)
	switch {
	case port.Name == "" && needsName:
		errs = append(errs, field.Required(path.Child("name"), "one of several ports must have a name"))
	case port.Name != "":
		errs = append(errs, named(path.Child("name"), port.Name, validation.NameIsDNSLabel)...)
		if names.Has(port.Name) {
			errs = append(errs, field.Duplicate(path.Child("name"), port.Name))
		}
	}
	names.Insert(port.Name)
	target := path.Child("targetPort")
	switch {
	case port.TargetPort.Type == intstr.Int && port.TargetPort.IntVal != 0:
		errs = append(errs, portNumber(target, port.TargetPort.IntVal)...)
	case port.TargetPort.Type == intstr.String && port.TargetPort.StrVal != "":
		errs = append(errs, portName(target, port.TargetPort.StrVal)...)
	}
	return append(errs, oneOf(path.Child("protocol"), port.Protocol, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)...)
}

// share checks a number of pods, or a part of them.
func share(path *field.Path, value *intstr.IntOrString) field.ErrorList {
	switch {
	case value == nil:
		return nil
	case value.Type == intstr.Int && value.IntVal < 0:
		return field.ErrorList{field.Invalid(path, value.IntVal, "must not be negative")}
	case value.Type == intstr.String:
		if faults := utilvalidation.IsValidPercent(value.StrVal); len(faults) > 0 {
			return field.ErrorList{field.Invalid(path, value.StrVal, "must be a whole number or a percentage")}
		}
		if percent, err := intstr.GetScaledValueFromIntOrPercent(value, 100, true); err == nil && percent > 100 {
			return field.ErrorList{field.Invalid(path, value.StrVal, "must not be more than 100%")}
		}
	}
	return nil
}
