package apirules

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// template checks the pod template, as far as a pod of a StatefulSet is made of it.
func template(spec appsv1.StatefulSetSpec, path *field.Path) field.ErrorList {
	meta, pod, at := spec.Template.ObjectMeta, spec.Template.Spec, path.Child("spec")
	errs := metavalidation.ValidateLabels(meta.Labels, path.Child("metadata", "labels"))
	errs = append(errs, validation.ValidateAnnotations(meta.Annotations, path.Child("metadata", "annotations"))...)
	errs = append(errs, oneOf(at.Child("restartPolicy"), pod.RestartPolicy, corev1.RestartPolicyAlways)...)
	if pod.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(at.Child("activeDeadlineSeconds"), "a StatefulSet's pods have no deadline"))
	}
	errs = append(errs, notNegative(at.Child("terminationGracePeriodSeconds"), pod.TerminationGracePeriodSeconds)...)
	errs = append(errs, oneOf(at.Child("dnsPolicy"), pod.DNSPolicy, corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet, corev1.DNSDefault, corev1.DNSNone)...)
	errs = append(errs, volumes(pod.Volumes, at.Child("volumes"))...)
	if len(pod.Containers) == 0 {
		errs = append(errs, field.Required(at.Child("containers"), "a pod has at least one container"))
	}
	names := sets.New[string]()
	errs = append(errs, containers(pod.InitContainers, at.Child("initContainers"), names, pod.HostNetwork)...)
	return append(errs, containers(pod.Containers, at.Child("containers"), names, pod.HostNetwork)...)
}

func volumes(volumes []corev1.Volume, path *field.Path) (errs field.ErrorList) {
	names := sets.New[string]()
	for index, volume := range volumes {
		at := path.Index(index).Child("name")
		errs = append(errs, requiredName(at, volume.Name)...)
		if volume.Name != "" && names.Has(volume.Name) {
			errs = append(errs, field.Duplicate(at, volume.Name))
		}
		names.Insert(volume.Name)
	}
	return errs
}

func requiredName(path *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	return named(path, name, validation.NameIsDNSLabel)
}

func containers(containers []corev1.Container, path *field.Path, names sets.Set[string], hostNetwork bool) (errs field.ErrorList) {
	for index, container := range containers {
		at := path.Index(index)
		errs = append(errs, requiredName(at.Child("name"), container.Name)...)
		if container.Name != "" && names.Has(container.Name) {
			errs = append(errs, field.Duplicate(at.Child("name"), container.Name))
		}
		names.Insert(container.Name)
		errs = append(errs, image(at.Child("image"), container.Image)...)
		errs = append(errs, oneOf(at.Child("imagePullPolicy"), container.ImagePullPolicy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)...)
		errs = append(errs, oneOf(at.Child("terminationMessagePolicy"), container.TerminationMessagePolicy,
			corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)...)
		errs = append(errs, containerPorts(container.Ports, at.Child("ports"), hostNetwork)...)
		errs = append(errs, mounts(container.VolumeMounts, at.Child("volumeMounts"))...)
	}
	return errs
}

func image(path *field.Path, image string) field.ErrorList {
	switch {
	case image == "":
		return field.ErrorList{field.Required(path, "")}
	case strings.TrimSpace(image) != image:
		return field.ErrorList{field.Invalid(path, image, "must not have leading or trailing whitespace")}
	default:
		return nil
	}
}

func containerPorts(ports []corev1.ContainerPort, path *field.Path, hostNetwork bool) (errs field.ErrorList) {
	names := sets.New[string]()
	for index, port := range ports {
		at := path.Index(index)
		if port.Name != "" {
			errs = append(errs, portName(at.Child("name"), port.Name)...)
			if names.Has(port.Name) {
				errs = append(errs, field.Duplicate(at.Child("name"), port.Name))
			}
			names.Insert(port.Name)
		}
		errs = append(errs, portNumber(at.Child("containerPort"), port.ContainerPort)...)
		errs = append(errs, oneOf(at.Child("protocol"), port.Protocol, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)...)
		if hostNetwork && port.HostPort != 0 && port.HostPort != port.ContainerPort {
			errs = append(errs, field.Invalid(at.Child("hostPort"), port.HostPort, "must be the containerPort where hostNetwork is true"))
		}
	}
	return errs
}

func portName(path *field.Path, name string) (errs field.ErrorList) {
	for _, fault := range utilvalidation.IsValidPortName(name) {
		errs = append(errs, field.Invalid(path, name, fault))
	}
	return errs
}

func portNumber(path *field.Path, number int32) (errs field.ErrorList) {
	for _, fault := range utilvalidation.IsValidPortNum(int(number)) {
		errs = append(errs, field.Invalid(path, number, fault))
	}
	return errs
}

// mounts checks where volumes are mounted; whether they are there is what the rule claim-mounts tells.
func mounts(mounts []corev1.VolumeMount, path *field.Path) (errs field.ErrorList) {
	places := sets.New[string]()
	for index, mount := range mounts {
		at := path.Index(index).Child("mountPath")
		switch {
		case mount.MountPath == "":
			errs = append(errs, field.Required(at, ""))
		case places.Has(mount.MountPath):
			errs = append(errs, field.Invalid(at, mount.MountPath, "must be unique in its container"))
		}
		places.Insert(mount.MountPath)
	}
	return errs
}

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
