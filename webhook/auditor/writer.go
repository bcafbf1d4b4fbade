package auditor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/webhook/reports"
)

const (
	// discovering is how often it looks which API of reports the cluster has.
	discovering = 10 * time.Second
	// writesAtOnce is how many reports are written in one step.
	writesAtOnce = 20
)

// writer keeps the reports of the cluster as the drafts are.
type writer struct {
	Options

	// api is that of reports which the cluster has; nil for none.
	api *reports.API
	// next is when it is read again; told is true once its absence was logged.
	next time.Time
	told bool
	// none are the namespaces that are known to have no report.
	none map[string]bool
}

// write is a report to create, to update or, where it has no results, to delete.
type write struct {
	report reports.Report
	// exists says that there is a report, which has this UID.
	exists bool
	stored types.UID
}

// discover reports whether the cluster has another API of reports than before.
func (w *writer) discover() (changed bool) {
	if w.Now().Before(w.next) {
		return false
	}
	w.next = w.Now().Add(discovering)
	for _, each := range []reports.API{reports.OpenReports(), reports.PolicyReports()} {
		served, err := w.serves(each)
		if err != nil {
			// What is not known may be there: nothing changes before it is.
			return false
		}
		if served {
			return w.use(&each)
		}
	}
	if !w.told {
		w.told = true
		w.Log.Info("neither openreports.io/v1alpha1 nor wgpolicyk8s.io/v1alpha2 is installed: the audit writes metrics and no reports until one is")
	}
	return w.use(nil)
}

func (w *writer) use(api *reports.API) (changed bool) {
	if api == nil || w.api != nil && *w.api == *api {
		w.api = api
		return false
	}
	w.Log.Info("the audit writes reports", "apiVersion", api.Group+"/"+api.Version)
	w.api, w.none, w.told = api, map[string]bool{}, false
	return true
}

func (w *writer) serves(api reports.API) (bool, error) {
	served, err := w.Discovery.ServerResourcesForGroupVersion(api.Group + "/" + api.Version)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(served.APIResources, func(each metav1.APIResource) bool { return each.Name == name })
	}
	return has(api.Resource) && has(api.ClusterResource), nil
}

func (w *writer) in(namespace string) dynamic.ResourceInterface {
	resource := w.api.Resource
	if namespace == wholeCluster {
		resource = w.api.ClusterResource
	}
	return in(w.API, schema.GroupVersionResource{Group: w.api.Group, Version: w.api.Version, Resource: resource}, namespace)
}

// plan compares the reports that are there with the drafts, and returns what to write.
func (w *writer) plan(ctx context.Context, namespace string, drafts map[types.UID]*draft) (writes []write, requests int, err error) {
	if w.api == nil || len(drafts) == 0 && w.none[namespace] {
		return nil, 0, nil
	}
	there, requests, err := w.list(ctx, namespace)
	if err != nil {
		return nil, requests, err
	}
	for _, each := range drafts {
		wanted := each.in(namespace, *w.api)
		has, exists := there[wanted.Metadata.Name]
		delete(there, wanted.Metadata.Name)
		if !exists || has.digest != digest(wanted) {
			writes = append(writes, write{wanted, exists, has.uid})
		}
	}
	for name, has := range there {
		writes = append(writes, write{w.api.New(reports.Metadata{Name: name, Namespace: namespace}, nil), true, has.uid})
	}
	slices.SortFunc(writes, func(a, b write) int { return cmp.Compare(a.report.Metadata.Name, b.report.Metadata.Name) })
	w.none[namespace] = len(drafts) == 0 && len(writes) == 0
	return writes, requests, nil
}

// present is a report that is there.
type present struct {
	uid    types.UID
	digest [sha256.Size]byte
}

// list reads the reports of a namespace page by page, and keeps of each only what it takes to compare it.
func (w *writer) list(ctx context.Context, namespace string) (there map[string]present, requests int, err error) {
	there = map[string]present{}
	options := metav1.ListOptions{LabelSelector: labels.SelectorFromSet(reports.Labels()).String(), Limit: listedAtOnce}
	for {
		page, err := w.in(namespace).List(ctx, options)
		requests++
		if err != nil {
			return nil, requests, err
		}
		for index := range page.Items {
			each := &page.Items[index]
			read, err := parse(each)
			if err != nil {
				// It is written as it should be.
				there[each.GetName()] = present{uid: each.GetUID()}
				continue
			}
			there[each.GetName()] = present{each.GetUID(), digest(read)}
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return there, requests, nil
		}
	}
}

// write writes some reports.
func (w *writer) write(ctx context.Context, namespace string, some []write) error {
	if w.api == nil {
		// It was uninstalled since they were planned.
		return nil
	}
	var failed []error
	for _, each := range some {
		result, err := w.one(ctx, w.in(namespace), each)
		w.Metrics.writes.WithLabelValues(result).Inc()
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (w *writer) one(ctx context.Context, into dynamic.ResourceInterface, what write) (result string, err error) {
	name := what.report.Metadata.Name
	switch {
	case len(what.report.Results) == 0:
		result, err = "deleted", into.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &what.stored}})
	case !what.exists:
		result = "created"
		stamp(what.report.Results, nil, w.Now())
		var object *unstructured.Unstructured
		if object, err = unstructuredOf(what.report); err == nil {
			_, err = into.Create(ctx, object, metav1.CreateOptions{})
		}
	default:
		result, err = "updated", w.update(ctx, into, what.report)
	}
	// What has gone in the meantime, or its namespace, needs no report.
	if apierrors.IsNotFound(err) || apierrors.HasStatusCause(err, "NamespaceTerminating") {
		return "gone", nil
	}
	if err != nil {
		return "failed", err
	}
	return result, nil
}

// update replaces what is Stateward's of a stored report. A result that was there keeps its time.
func (w *writer) update(ctx context.Context, into dynamic.ResourceInterface, report reports.Report) error {
	object, err := into.Get(ctx, report.Metadata.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	// What cannot be read has no times.
	before, _ := parse(object)
	stamp(report.Results, before.Results, w.Now())
	wanted, err := unstructuredOf(report)
	if err != nil {
		return err
	}
	for _, field := range []string{"source", "scope", "summary", "results"} {
		delete(object.Object, field)
		if value, has := wanted.Object[field]; has {
			object.Object[field] = value
		}
	}
	object.SetOwnerReferences(wanted.GetOwnerReferences())
	_, err = into.Update(ctx, object, metav1.UpdateOptions{})
	return err
}

// stamp gives results the time of the same finding before, whatever its text says now, otherwise the time now.
func stamp(results, before []reports.Result, now time.Time) {
	known := map[[sha256.Size]byte]*metav1.Timestamp{}
	for _, each := range before {
		known[finding(each)] = each.Timestamp
	}
	for index := range results {
		results[index].Timestamp = cmp.Or(known[finding(results[index])], &metav1.Timestamp{Seconds: now.Unix()})
	}
}

// finding identifies what a result is about.
func finding(result reports.Result) [sha256.Size]byte {
	return digest([]any{result.Policy, result.Resources, result.Properties["field"]})
}

func parse(object *unstructured.Unstructured) (read reports.Report, err error) {
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &read)
	return read, err
}

func unstructuredOf(report reports.Report) (*unstructured.Unstructured, error) {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&report)
	return &unstructured.Unstructured{Object: object}, err
}

// digest identifies what is Stateward's of a report, but not its times, or anything else.
func digest(of any) [sha256.Size]byte {
	if report, is := of.(reports.Report); is {
		of = report.Timeless()
	}
	// Texts, numbers and maps of them always have a JSON form.
	text, _ := json.Marshal(of)
	return sha256.Sum256(text)
}
