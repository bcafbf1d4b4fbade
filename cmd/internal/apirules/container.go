package apirules

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// initContainers refuses what only a container that keeps running can have.
func initContainers(containers []corev1.Container, path *field.Path) (errs field.ErrorList) {
	const detail = "only with restartPolicy: Always in an init container"
	for index, container := range containers {
		if policy := container.RestartPolicy; policy != nil && *policy == corev1.ContainerRestartPolicyAlways {
			continue
		}
		at := path.Index(index)
		if container.Lifecycle != nil {
			errs = append(errs, field.Forbidden(at.Child("lifecycle"), detail))
		}
		if container.LivenessProbe != nil {
			errs = append(errs, field.Forbidden(at.Child("livenessProbe"), detail))
		}
		if container.ReadinessProbe != nil {
			errs = append(errs, field.Forbidden(at.Child("readinessProbe"), detail))
		}
		if container.StartupProbe != nil {
			errs = append(errs, field.Forbidden(at.Child("startupProbe"), detail))
		}
	}
	return errs
}

// probe checks that there is one way to ask, and its numbers.
func probe(probe *corev1.Probe, path *field.Path) field.ErrorList {
	if probe == nil {
		return nil
	}
	errs := handler(probe.ProbeHandler, path)
	errs = append(errs, notNegative(path.Child("initialDelaySeconds"), &probe.InitialDelaySeconds)...)
	errs = append(errs, notNegative(path.Child("timeoutSeconds"), &probe.TimeoutSeconds)...)
	errs = append(errs, notNegative(path.Child("periodSeconds"), &probe.PeriodSeconds)...)
	errs = append(errs, notNegative(path.Child("successThreshold"), &probe.SuccessThreshold)...)
	return append(errs, notNegative(path.Child("failureThreshold"), &probe.FailureThreshold)...)
}

func handler(handler corev1.ProbeHandler, path *field.Path) (errs field.ErrorList) {
	given := 0
	if handler.Exec != nil {
		given++
		if len(handler.Exec.Command) == 0 {
			errs = append(errs, field.Required(path.Child("exec", "command"), ""))
		}
	}
	if get := handler.HTTPGet; get != nil {
		given++
		errs = append(errs, probePort(path.Child("httpGet", "port"), get.Port)...)
		errs = append(errs, oneOf(path.Child("httpGet", "scheme"), get.Scheme, corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
	}
	if handler.TCPSocket != nil {
		given++
		errs = append(errs, probePort(path.Child("tcpSocket", "port"), handler.TCPSocket.Port)...)
	}
	if handler.GRPC != nil {
		given++
		errs = append(errs, portNumber(path.Child("grpc", "port"), handler.GRPC.Port)...)
	}
	switch {
	case given == 0:
		errs = append(errs, field.Required(path, "a probe has one of exec, httpGet, tcpSocket and grpc"))
	case given > 1:
		errs = append(errs, field.Forbidden(path, "a probe has only one of exec, httpGet, tcpSocket and grpc"))
	}
	return errs
}

func probePort(path *field.Path, port intstr.IntOrString) field.ErrorList {
	if port.Type == intstr.Int {
		return portNumber(path, port.IntVal)
	}
	return portName(path, port.StrVal)
}

func variables(variables []corev1.EnvVar, path *field.Path) (errs field.ErrorList) {
	for index, variable := range variables {
		if variable.Name == "" {
			errs = append(errs, field.Required(path.Index(index).Child("name"), ""))
		}
		if variable.Value != "" && variable.ValueFrom != nil {
			errs = append(errs, field.Forbidden(path.Index(index).Child("valueFrom"), "a value is set too"))
		}
	}
	return errs
}

// quantities checks that a container does not request more than its limit.
func quantities(resources corev1.ResourceRequirements, path *field.Path) (errs field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(resources.Limits)) {
		if limit := resources.Limits[name]; limit.Sign() < 0 {
			errs = append(errs, field.Invalid(path.Child("limits", string(name)), limit.String(), "must not be negative"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(resources.Requests)) {
		at, request := path.Child("requests", string(name)), resources.Requests[name]
		limit, limited := resources.Limits[name]
		switch {
		case request.Sign() < 0:
			errs = append(errs, field.Invalid(at, request.String(), "must not be negative"))
		case limited && request.Cmp(limit) > 0:
			errs = append(errs, field.Invalid(at, request.String(), "must not be more than the limit, "+limit.String()))
		}
	}
	return errs
}

func users(path *field.Path, user, group *int64) field.ErrorList {
	return append(notNegative(path.Child("runAsUser"), user), notNegative(path.Child("runAsGroup"), group)...)
}

// placement checks spread constraints and tolerations.
func placement(pod corev1.PodSpec, path *field.Path) (errs field.ErrorList) {
	for index, constraint := range pod.TopologySpreadConstraints {
		at := path.Child("topologySpreadConstraints").Index(index)
		if constraint.MaxSkew <= 0 {
			errs = append(errs, field.Invalid(at.Child("maxSkew"), constraint.MaxSkew, "must be greater than zero"))
		}
		if constraint.TopologyKey == "" {
			errs = append(errs, field.Required(at.Child("topologyKey"), ""))
		}
		if constraint.WhenUnsatisfiable == "" {
			errs = append(errs, field.Required(at.Child("whenUnsatisfiable"), ""))
		}
		errs = append(errs, oneOf(at.Child("whenUnsatisfiable"), constraint.WhenUnsatisfiable, corev1.DoNotSchedule, corev1.ScheduleAnyway)...)
	}
	for index, toleration := range pod.Tolerations {
		at := path.Child("tolerations").Index(index)
		errs = append(errs, oneOf(at.Child("operator"), toleration.Operator, corev1.TolerationOpEqual, corev1.TolerationOpExists, "Lt", "Gt")...)
		errs = append(errs, oneOf(at.Child("effect"), toleration.Effect,
			corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)...)
		if toleration.Key == "" && toleration.Operator != corev1.TolerationOpExists {
			errs = append(errs, field.Invalid(at.Child("operator"), toleration.Operator, "must be Exists without a key"))
		}
	}
	return errs
}
