// Package doctor finds out whether a cluster is guarded as the rules need it, and says in plain words what is wrong and
// what to do. It changes nothing: what it tries out are dry runs.
package doctor

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/policies/guardrails/v1alpha1"
)

// Status is the outcome of a check.
type Status string

// Statuses. A check that could not be made is never OK.
const (
	// OK: it was looked at, and is as it must be.
	OK Status = "ok"
	// Note: it differs from what Stateward's manifests say, and does no harm.
	Note Status = "note"
	// Problem: something must be done.
	Problem Status = "problem"
	// Unchecked: unknown.
	Unchecked Status = "unchecked"
)

// Finding is one sentence about the cluster.
type Finding struct {
	// Check is the name of what was looked at, as Checks lists them.
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Object is KIND/NAME, or KIND/NAMESPACE/NAME, where the finding is about one.
	Object  string `json:"object,omitempty"`
	Message string `json:"message"`
	// Fix is what to do; empty where nothing is to be done.
	Fix string `json:"fix,omitempty"`
}

// Options say what to examine.
type Options struct {
	// Config reaches the API server.
	Config *rest.Config
	// Library is what the cluster should know of.
	Library *policies.Library
	// Namespace is where dry runs are tried; it must not be exempt.
	Namespace string
	// Probes is the base URL of /readyz; empty means that requests to the pods go through the API server.
	Probes string
	// Webhook is host:port where the webhook's certificate is looked at; empty means the URL of the registration, if it
	// has one.
	Webhook string
	// Now is what certificates and confirmations are measured by.
	Now time.Time
}

// timeout of one request.
const timeout = 15 * time.Second

// examination is one run: what the checks share.
type examination struct {
	Options

	client    client.Client
	discovery *discovery.DiscoveryClient
	// guardrails are those of the cluster; nil where there are none, or none that can be read.
	guardrails *v1alpha1.Guardrails
	// unsure says that other Guardrails may be in force than these.
	unsure     bool
	registered registered
	check      string
	findings   []Finding
}

// Examine makes all checks. It returns an error if the cluster cannot be reached.
func Examine(ctx context.Context, options Options) (Report, error) {
	config := rest.CopyConfig(options.Config)
	// Some forty requests at once are nothing to an API server.
	config.QPS, config.Burst, config.Timeout = 50, 100, timeout
	// The warnings of the dry runs are not shown.
	config.WarningHandler = rest.NoWarnings{}
	api, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return Report{}, err
	}
	run := &examination{Options: options, discovery: api}
	if err := run.reach(); err != nil {
		return Report{}, fmt.Errorf("reach Kubernetes API at %s: %w", config.Host, err)
	}
	kinds, err := scheme()
	if err != nil {
		return Report{}, err
	}
	if run.client, err = client.New(config, client.Options{Scheme: kinds}); err != nil {
		return Report{}, fmt.Errorf("reach Kubernetes API at %s: %w", config.Host, err)
	}
	for _, check := range checks() {
		run.check = check.name
		before := len(run.findings)
		check.run(run, ctx)
		if len(run.findings) == before {
			run.add(Finding{Status: OK, Message: check.fine})
		}
	}
	return newReport(run.findings), nil
}

// reach asks what every API server answers to all users.
func (e *examination) reach() error {
	_, err := e.discovery.ServerVersion()
	return err
}

// check is one thing to look at; fine is what is said where it found nothing.
type check struct {
	name, fine string
	run        func(*examination, context.Context)
}

// checks are in the order in which one follows from another.
func checks() []check {
	return []check{
		{"api-server", "the API server has all that Stateward needs", (*examination).checkServer},
		{"guardrails", "no Guardrails exist: every rule has its default level", (*examination).checkGuardrails},
		{"webhooks", "the API server sends Stateward every request that the rules check", (*examination).checkWebhooks},
		{"owners", "every custom resource that owns a StatefulSet is guarded", (*examination).checkOwners},
		{"statefulsets", "every StatefulSet with pods has the Service that it names", (*examination).checkSets},
		{"service", "the registration points to a running webhook", (*examination).checkService},
		{"certificates", "", (*examination).checkCertificates},
		{"cert-manager", "cert-manager is not used for certificates", (*examination).checkCertManager},
		{"rights", "the ServiceAccount has all the permissions that it needs", (*examination).checkRights},
		{"policies", "no ValidatingAdmissionPolicies are exported (`stateward export vap`)", (*examination).checkPolicies},
		{"ready", "", (*examination).checkReady},
		{"probe", "", (*examination).probe},
	}
}

func (e *examination) add(finding Finding) {
	finding.Check = e.check
	e.findings = append(e.findings, finding)
}

func (e *examination) ok(object, format string, values ...any) {
	e.add(Finding{Status: OK, Object: object, Message: fmt.Sprintf(format, values...)})
}

func (e *examination) note(object, format string, values ...any) {
	e.add(Finding{Status: Note, Object: object, Message: fmt.Sprintf(format, values...)})
}

func (e *examination) problem(object, fix, format string, values ...any) {
	e.add(Finding{Status: Problem, Object: object, Message: fmt.Sprintf(format, values...), Fix: fix})
}

// unchecked says that something could not be looked at, and why.
func (e *examination) unchecked(object, fix string, err error, format string, values ...any) {
	message := fmt.Sprintf(format, values...)
	if err != nil {
		message += ": " + err.Error()
	}
	if apierrors.IsForbidden(err) {
		fix = "run the command as a user who may do that"
	}
	e.add(Finding{Status: Unchecked, Object: object, Message: message, Fix: fix})
}
