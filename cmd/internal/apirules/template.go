package apirules

import (
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// template checks the fields of the pod template that a StatefulSet copies to its pods.
func template(spec appsv1.StatefulSetSpec, path *field.Path) field.ErrorList {
	meta, pod, at := spec.Template.ObjectMeta, spec.Template.Spec, path.Child("spec")
	errs := metavalidation.ValidateLabels(meta.Labels, path.Child("metadata", "labels"))
	errs = append(errs, validation.ValidateAnnotations(meta.Annotations, path.Child("metadata", "annotations"))...)
	errs = append(errs, oneOf(at.Child("restartPolicy"), pod.RestartPolicy, corev1.RestartPolicyAlways)...)
	if pod.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(at.Child("activeDeadlineSeconds"), "a StatefulSet's pods have no deadline"))
	}
	errs = append(errs, oneOf(at.Child("dnsPolicy"), pod.DNSPolicy, corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet, corev1.DNSDefault, corev1.DNSNone)...)
	errs = append(errs, volumes(pod.Volumes, at.Child("volumes"))...)
	errs = append(errs, placement(pod, at)...)
	if context := pod.SecurityContext; context != nil {
		errs = append(errs, users(at.Child("securityContext"), context.RunAsUser, context.RunAsGroup)...)
	}
	if len(pod.Containers) == 0 {
		errs = append(errs, field.Required(at.Child("containers"), "a pod has at least one container"))
	}
	names := sets.New[string]()
	errs = append(errs, initContainers(pod.InitContainers, at.Child("initContainers"))...)
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
		errs = append(errs, oneSource(path.Index(index), volume.VolumeSource)...)
	}
	return errs
}

// oneSource refuses a volume of two kinds. One of none is an emptyDir.
func oneSource(path *field.Path, source corev1.VolumeSource) field.ErrorList {
	given := 0
	for _, value := range reflect.ValueOf(source).Fields() {
		if !value.IsNil() {
			given++
		}
	}
	if given > 1 {
		return field.ErrorList{field.Forbidden(path, "a volume has one source")}
	}
	return nil
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
		errs = append(errs, variables(container.Env, at.Child("env"))...)
		errs = append(errs, quantities(container.Resources, at.Child("resources"))...)
		errs = append(errs, probe(container.ReadinessProbe, at.Child("readinessProbe"))...)
		errs = append(errs, probe(container.LivenessProbe, at.Child("livenessProbe"))...)
		errs = append(errs, probe(container.StartupProbe, at.Child("startupProbe"))...)
		if context := container.SecurityContext; context != nil {
			errs = append(errs, users(at.Child("securityContext"), context.RunAsUser, context.RunAsGroup)...)
		}
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

// mounts checks where volumes are mounted; the rule claim-mounts checks that they exist.
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
		errs = append(errs, subPath(path.Index(index).Child("subPath"), mount.SubPath)...)
		errs = append(errs, subPath(path.Index(index).Child("subPathExpr"), mount.SubPathExpr)...)
		if mount.SubPath != "" && mount.SubPathExpr != "" {
			errs = append(errs, field.Forbidden(path.Index(index).Child("subPathExpr"), "subPath is set too"))
		}
	}
	return errs
}

// subPath refuses folders outside of the volume.
func subPath(path *field.Path, folder string) field.ErrorList {
	switch {
	case strings.HasPrefix(folder, "/"):
		return field.ErrorList{field.Invalid(path, folder, "must be a relative path")}
	case slices.Contains(strings.Split(folder, "/"), ".."):
		return field.ErrorList{field.Invalid(path, folder, "must not contain '..'")}
	default:
		return nil
	}
}
