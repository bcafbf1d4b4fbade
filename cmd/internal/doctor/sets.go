package doctor

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// listed is how many objects are listed at a time.
const listed = 500

// checkSets looks for StatefulSets with pods whose Service does not exist, as a restore in another order can leave them.
func (e *examination) checkSets(ctx context.Context) {
	services, err := e.services(ctx)
	if err != nil {
		e.unchecked("Services", "", err, "they cannot be listed")
		return
	}
	sets := &appsv1.StatefulSetList{}
	err = e.eachPage(ctx, sets, func() {
		for index := range sets.Items {
			set := &sets.Items[index]
			name := client.ObjectKey{Namespace: set.Namespace, Name: set.Spec.ServiceName}
			if name.Name != "" && set.Status.Replicas > 0 && !services[name] {
				e.note("StatefulSet/"+set.Namespace+"/"+set.Name, "its Service %s does not exist, so the DNS names of its pods do not resolve: "+
					"create it with `clusterIP: None`", name.Name)
			}
		}
	})
	if err != nil {
		e.unchecked("StatefulSets", "", err, "they cannot be listed")
	}
}

// services are the names of all Services.
func (e *examination) services(ctx context.Context) (map[client.ObjectKey]bool, error) {
	found := map[client.ObjectKey]bool{}
	page := &metav1.PartialObjectMetadataList{}
	page.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ServiceList"))
	err := e.eachPage(ctx, page, func() {
		for index := range page.Items {
			found[client.ObjectKeyFromObject(&page.Items[index])] = true
		}
	})
	return found, err
}

// eachPage fills a list page by page, and calls see for each.
func (e *examination) eachPage(ctx context.Context, list client.ObjectList, see func()) error {
	for {
		if err := e.client.List(ctx, list, client.Limit(listed), client.Continue(list.GetContinue())); err != nil {
			return err
		}
		see()
		if list.GetContinue() == "" {
			return nil
		}
	}
}
