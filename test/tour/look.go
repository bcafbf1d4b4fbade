package tour

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const namespace = "default"

// nslookup asks the cluster's CoreDNS, as the tutorial's busybox would: the pods here are kwok's and run no program.
func nslookup(name string) func(context.Context, *Tour) (string, error) {
	return func(ctx context.Context, t *Tour) (answer string, err error) {
		full := name + "." + namespace + ".svc.cluster.local"
		err = until(ctx, func(ctx context.Context) (bool, error) {
			addresses, err := t.Resolver().LookupHost(ctx, full+".")
			if isGone(err) {
				return false, nil
			}
			answer = fmt.Sprintf("Name:    %s\nAddress: %s\n", full, strings.Join(addresses, ", "))
			return err == nil, err
		})
		return answer, err
	}
}

// nslookupGone wants CoreDNS to know the name no more.
func nslookupGone(name string) func(context.Context, *Tour) (string, error) {
	return func(ctx context.Context, t *Tour) (answer string, err error) {
		full := name + "." + namespace + ".svc.cluster.local"
		err = until(ctx, func(ctx context.Context) (bool, error) {
			_, err := t.Resolver().LookupHost(ctx, full+".")
			if err != nil && !isGone(err) {
				return false, err
			}
			return err != nil, nil
		})
		return fmt.Sprintf("server can't find %s: NXDOMAIN\n", full), err
	}
}

func isGone(err error) bool {
	var missing *net.DNSError
	return errors.As(err, &missing) && missing.IsNotFound
}

// podsReady waits until the set's pods, and no others, are there and ready, on the revision that the set wants of them.
func podsReady(replicas int) func(context.Context, *Tour) error {
	return func(ctx context.Context, t *Tour) error {
		return until(ctx, func(ctx context.Context) (bool, error) {
			set, err := t.Client.AppsV1().StatefulSets(namespace).Get(ctx, "web", metav1.GetOptions{})
			if err != nil {
				return false, err
			}
			pods, err := t.pods(ctx)
			if err != nil || len(pods) != replicas || set.Status.ObservedGeneration != set.Generation {
				return false, err
			}
			for _, pod := range pods {
				if !isReady(pod) || pod.DeletionTimestamp != nil {
					return false, nil
				}
			}
			return int(set.Status.ReadyReplicas) == replicas, nil
		})
	}
}

// imagesAre waits until pods web-0, web-1, ... run these images.
func imagesAre(images ...string) func(context.Context, *Tour) error {
	return func(ctx context.Context, t *Tour) error {
		if err := podsReady(len(images))(ctx, t); err != nil {
			return err
		}
		return until(ctx, func(ctx context.Context) (bool, error) {
			pods, err := t.pods(ctx)
			if err != nil || len(pods) != len(images) {
				return false, err
			}
			for index, pod := range pods {
				if pod.Spec.Containers[0].Image != images[index] || !isReady(pod) || pod.DeletionTimestamp != nil {
					return false, nil
				}
			}
			return true, nil
		})
	}
}

// podsAre waits until exactly these pods are left.
func podsAre(names ...string) func(context.Context, *Tour) error {
	return func(ctx context.Context, t *Tour) error {
		return until(ctx, func(ctx context.Context) (bool, error) {
			pods, err := t.pods(ctx)
			if err != nil {
				return false, err
			}
			var found []string
			for _, pod := range pods {
				found = append(found, pod.Name)
			}
			return slices.Equal(found, names), nil
		})
	}
}

// orphaned waits until the set is gone, and its pods have no owner.
func orphaned(ctx context.Context, t *Tour) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		_, err := t.Client.AppsV1().StatefulSets(namespace).Get(ctx, "web", metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return false, err
		}
		pods, err := t.pods(ctx)
		if err != nil {
			return false, err
		}
		for _, pod := range pods {
			if len(pod.OwnerReferences) > 0 {
				return false, nil
			}
		}
		return true, nil
	})
}

func (t *Tour) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := t.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=nginx"})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func isReady(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func until(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 90*time.Second, true, condition)
}
