// Package forecast computes what a change does to a StatefulSet before it happens: which pods stop and start and in which
// order, which claims and volumes are lost, and whether the set settles, waits for a person or is stuck.
//
// The core is a model of one sync of the StatefulSet controller. Run repeats it together with a small model of the kubelet
// and of the garbage collector until nothing changes. test/forecast runs the controller's own code on random scenarios and
// compares every step with this model.
//
// Sources: pkg/controller/statefulset of Kubernetes v1.37.2 (stateful_set_control.go, stateful_pod_control.go,
// stateful_set_utils.go), KEP-961 (maxUnavailable), KEP-1847 (retention of claims), KEP-3335 (start ordinal), KEP-3541
// (Recreate) and https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/.
package forecast
