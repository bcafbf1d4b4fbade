package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/stateward/stateward/cmd/internal/audit"
	"github.com/stateward/stateward/cmd/internal/evaluate"
	"github.com/stateward/stateward/cmd/internal/manifest"
	"github.com/stateward/stateward/cmd/internal/report"
	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/engine"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
	"github.com/stateward/stateward/policies/stored"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	// auditRequestTimeout bounds one page of a list.
	auditRequestTimeout = time.Minute
	// auditRate is how many requests a second an audit sends at most.
	auditRate = 50
)

// stock is what an audit looks at.
type stock struct {
	objects []evaluate.Stored
	// known are the resources whose objects are complete.
	known []string
	// guardrails are an object to evaluate when all else is evaluated; nil where there are none.
	guardrails *evaluate.Stored
	// namespaces are those that are audited, none for all; isPart says that not even all of their objects are evaluated.
	namespaces map[string]bool
	isPart     bool
	problems   []report.Problem
}

// read reads all objects, and compiles the rules under the Guardrails that count.
func (o auditOptions) read(ctx context.Context, library *policies.Library, chosen selection, progress *progress) (found *stock, decider *engine.Engine, err error) {
	if len(o.data) > 0 {
		found, decider, err = o.readExport(ctx, library, chosen, progress)
	} else {
		found, decider, err = o.readLive(ctx, library, chosen, progress)
	}
	if err != nil {
		return nil, nil, err
	}
	found.namespaces, found.isPart = chosen.namespaces, !chosen.labels.Empty() || len(found.problems) > 0
	return found, decider, nil
}

func (o auditOptions) readExport(ctx context.Context, library *policies.Library, chosen selection, progress *progress) (*stock, *engine.Engine, error) {
	size, err := parseSize("--max-file-size", o.fileSize)
	if err != nil {
		return nil, nil, usageError{err}
	}
	documents, err := readExported(ctx, o.data, size, progress.of("read", "files"))
	if err != nil && len(documents) == 0 {
		return nil, nil, usageError{fmt.Errorf("read --data: %w", err)}
	}
	found := &stock{}
	for _, each := range manifest.Errors(err) {
		found.problems = append(found.problems, report.Problem{Position: reported(each.Position), Message: each.Err.Error(), Unreadable: true})
	}
	var guardrails *evaluate.Stored
	for _, document := range documents {
		position := reported(document.Position(nil))
		if policies.GroupOf(document.APIVersion) == policies.Group && document.Kind == v1alpha1.GuardrailsKind {
			guardrails = &evaluate.Stored{Object: stored.Object{Raw: document.Raw}, Position: position}
			continue
		}
		resource, known := policies.ResourceOfKind(policies.GroupOf(document.APIVersion), document.Kind)
		if !known {
			continue
		}
		if err := found.add(resource, document.Raw, position, chosen); err != nil {
			return nil, nil, usageError{fmt.Errorf("read --data: %s: %w", document.Position(nil), err)}
		}
	}
	decider, guardrails, err := o.decider(ctx, library, guardrails)
	found.guardrails = guardrails
	return found, decider, err
}

// readLive reads the cluster page by page. A kind that may not be read is a problem, and not known.
func (o auditOptions) readLive(ctx context.Context, library *policies.Library, chosen selection, progress *progress) (*stock, *engine.Engine, error) {
	config, _, err := o.connect("")
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("%w: name a cluster, or existing objects with --data", err)}
	}
	config.Timeout, config.QPS, config.Burst = auditRequestTimeout, auditRate, 2*auditRate
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("reach Kubernetes API: %w", err)}
	}
	guardrails, err := liveGuardrails(ctx, client)
	if err != nil && o.config == "" {
		return nil, nil, usageError{fmt.Errorf("read the Guardrails of the cluster: %w: use --config", err)}
	}
	decider, guardrails, err := o.decider(ctx, library, guardrails)
	if err != nil {
		return nil, nil, err
	}
	found := &stock{guardrails: guardrails}
	reading := progress.counted("read", "objects")
	for _, resource := range stored.LookedUp(decider) {
		err := found.list(ctx, client, resource, o.namespaces, chosen, reading)
		if resource.Optional && apierrors.IsForbidden(err) {
			// The API server refuses what it does not serve too, and what is not known there hides no finding.
			continue
		}
		if err != nil {
			if ctx.Err() != nil || apierrors.IsUnauthorized(err) {
				return nil, nil, usageError{fmt.Errorf("list %s of the cluster: %w", resource.Name, err)}
			}
			found.problems = append(found.problems, report.Problem{
				Position: report.Position{File: resource.Name}, Unreadable: true,
				Message: fmt.Sprintf("list %s of the cluster: %v", resource.Name, err),
			})
		}
	}
	if len(found.objects) == 0 && len(found.problems) > 0 {
		return nil, nil, usageError{errors.New(found.problems[0].Message)}
	}
	return found, decider, nil
}

// liveGuardrails are those of the cluster, nil where there are none.
func liveGuardrails(ctx context.Context, client dynamic.Interface) (*evaluate.Stored, error) {
	all := client.Resource(schema.GroupVersionResource{Group: policies.Group, Version: policies.Version, Resource: "guardrails"})
	object, err := all.Get(ctx, v1alpha1.GuardrailsName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := object.MarshalJSON()
	return &evaluate.Stored{Object: stored.Object{Raw: raw}, Position: report.Position{File: "guardrails/" + v1alpha1.GuardrailsName}}, err
}

// list adds the objects of a resource. A kind that is not installed has none.
func (s *stock) list(ctx context.Context, client dynamic.Interface, resource policies.Resource, namespaces []string, chosen selection, reading func(int)) error {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	before := len(s.objects)
	err := eachObject(ctx, client, resource, namespaces, func(object *unstructured.Unstructured) error {
		object.SetManagedFields(nil)
		object.SetAPIVersion(stored.APIVersion(resource))
		object.SetKind(resource.Kind)
		raw, err := object.MarshalJSON()
		if err != nil {
			return err
		}
		file := resource.Name + "/" + object.GetName()
		if resource.Namespaced {
			file = resource.Name + "/" + object.GetNamespace() + "/" + object.GetName()
		}
		reading(len(s.objects))
		return s.add(resource, raw, report.Position{File: file}, chosen)
	})
	if err != nil && !apierrors.IsNotFound(err) {
		s.objects = s.objects[:before]
		return err
	}
	if !slices.Contains(s.known, resource.Name) {
		s.known = append(s.known, resource.Name)
	}
	return nil
}

// add adds an object, which is evaluated if it is chosen.
func (s *stock) add(resource policies.Resource, raw json.RawMessage, position report.Position, chosen selection) error {
	object, facts, err := stored.Read(resource, raw)
	if err != nil {
		return err
	}
	evaluated := chosen.holds(facts.Home) && !registration.IsExempt(facts.Home) && chosen.labels.Matches(labels.Set(facts.Labels))
	s.objects = append(s.objects, evaluate.Stored{Object: object, Position: position, Evaluated: evaluated})
	if !slices.Contains(s.known, resource.Name) {
		s.known = append(s.known, resource.Name)
	}
	return nil
}

// evaluate evaluates all, the Guardrails last, and fills in what would be denied under strict ones.
func (s *stock) evaluate(ctx context.Context, decider *engine.Engine, facts *audit.Facts, progress *progress) (report.Result, error) {
	inventory := evaluate.NewInventory(decider, evaluate.StoredOptions{Known: s.known, Now: facts.Time, Progress: progress.of("judged", "objects")})
	result, failed := inventory.Evaluate(ctx, s.objects)
	progress.end()
	if s.guardrails != nil {
		if !s.isPart {
			s.guardrails.Options = stored.Unused(stored.UnusedExceptions(decider, used(result), s.namespaces))
		}
		last, err := inventory.EvaluateMore(ctx, []evaluate.Stored{*s.guardrails})
		result.Add(last)
		failed = errors.Join(failed, err)
	}
	result.Problems = append(result.Problems, s.problems...)
	if failed != nil {
		return result, failed
	}
	stricter, err := engine.New(ctx, decider.Library(), audit.Strict(decider.Guardrails()))
	if err != nil {
		return result, fmt.Errorf("judge by strict Guardrails: %w", err)
	}
	denied := map[string]bool{}
	for _, resource := range policies.Resources() {
		denied[resource.Name] = audit.MayDeny(stricter, resource.Name)
	}
	strict, err := inventory.With(stricter).EvaluateMore(ctx, slices.DeleteFunc(s.objects, func(each evaluate.Stored) bool { return !denied[each.Resource] }))
	facts.Strict = audit.DeniedBy(strict)
	return result, err
}

// used are the exceptions that findings are under.
func used(result report.Result) map[engine.ExceptionUse]bool {
	exceptions := map[engine.ExceptionUse]bool{}
	for _, finding := range result.Findings {
		if finding.Exception != nil {
			exceptions[*finding.Exception] = true
		}
	}
	return exceptions
}
