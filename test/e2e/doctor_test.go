package e2e_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/cluster"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

const (
	allIsWell = ", problems: 0, not checked: 0"
	aYear     = 365 * 24 * time.Hour
)

// patient is a guarded cluster whose certificates are in the hands of the test.
type patient struct {
	guard
	authority authority
	// folder holds the certificate that is served.
	folder string
	binary string
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{authority: newAuthority(t), folder: t.TempDir()}
	p.authority.serve(t, p.folder, "127.0.0.1", time.Now().Add(aYear))
	_, p.binary = environment.BinaryForTest(t)
	p.guard = guard{namespace: "default", Environment: environment.ForTestWith(t, environment.Options{
		ServeArgs: []string{"--cert-file", filepath.Join(p.folder, "tls.crt"), "--key-file", filepath.Join(p.folder, "tls.key")},
		CABundle:  p.authority.bundle,
	})}
	return p
}

// examined runs `stateward doctor`, with the address of the probes.
func (p *patient) examined(t *testing.T, arguments ...string) (output string, code int) {
	t.Helper()
	arguments = append([]string{"doctor", "--kubeconfig", p.Kubeconfig(), "--probes", p.Probes}, arguments...)
	return environment.Output(t, exec.CommandContext(t.Context(), p.binary, arguments...))
}

// ofVersion is what doctor says of the version at hand.
func (p *patient) ofVersion(t *testing.T) string {
	t.Helper()
	version, gates := p.VersionForTest(t)
	if gates.MaxUnavailable {
		return "Kubernetes v" + version.String() + " has all that Stateward needs"
	}
	return "Kubernetes v" + version.String() + " removes spec.updateStrategy.rollingUpdate.maxUnavailable"
}

// diagnosed repeats the examination until it ends with this code and these words: API servers, and Stateward, take their
// time to see what changed.
func (p *patient) diagnosed(t *testing.T, code int, words []string, arguments ...string) {
	t.Helper()
	var output string
	var got int
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll(ctx, func(context.Context) (bool, error) {
		output, got = p.examined(t, arguments...)
		return got == code && containsAll(output, words), nil
	}); err != nil {
		t.Errorf("exit code %d instead of %d, wanted %q, the last words were\n%s", got, code, words, output)
	}
}

// register registers Stateward as its rules need it, with changes.
func (p *patient) register(t *testing.T, change func(*admissionregistrationv1.ValidatingWebhookConfiguration, *admissionregistrationv1.MutatingWebhookConfiguration)) {
	t.Helper()
	library, err := policies.Embedded()
	must(t, err)
	target := registration.Target{URL: p.Webhook, CABundle: p.authority.bundle}
	validating, mutating := registration.Validating(library, target), registration.Mutating(library, target)
	change(validating, mutating)
	p.allowed(t, string(marshalled(t, validating))+string(marshalled(t, mutating)), "replace", "--force", "-f", "-")
}

func marshalled(t *testing.T, object any) []byte {
	t.Helper()
	encoded, err := json.Marshal(object)
	must(t, err)
	return encoded
}

// critical changes the first webhook, "critical.stateward.dev", only.
func critical(change func(*admissionregistrationv1.ValidatingWebhook)) func(*admissionregistrationv1.ValidatingWebhookConfiguration, *admissionregistrationv1.MutatingWebhookConfiguration) {
	return func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
		change(&validating.Webhooks[0])
	}
}

// TestDoctorNamesProblems changes one thing at a time of what the API server knows.
func TestDoctorNamesProblems(t *testing.T) {
	p := newPatient(t)
	p.diagnosed(t, 0, []string{
		p.ofVersion(t), allIsWell, "ok         webhooks", "ok         rights", "ok         ready", "ok         cert-manager",
		"trusts the serving certificate, which expires at ", "a StatefulSet that mounts a block device as a folder was denied (dry run)",
		"a Guardrails object with an unknown rule was denied (dry run)",
	})
	for name, test := range registrations() {
		t.Run(name, func(t *testing.T) {
			p.register(t, test.change)
			p.diagnosed(t, test.code, test.words)
		})
	}
	p.register(t, critical(func(*admissionregistrationv1.ValidatingWebhook) {}))
	for name, holds := range map[string]func(*testing.T, *patient){
		"a configuration is gone":                        configurationGone,
		"the certificate":                                wrongCertificates,
		"rights are missing":                             missingRights,
		"the audit has no rights":                        auditWithoutRights,
		"the Guardrails":                                 wrongGuardrails,
		"policies of the API server":                     stalePolicies,
		"what could not be looked at is not called fine": lookedAtByNobody,
		"a Certificate of cert-manager is not ready":     certificateNotReady,
		"a custom resource owns a set":                   unguardedOwner,
		"Stateward manages its registration":             managedRegistration,
	} {
		t.Run(name, func(t *testing.T) { holds(t, p) })
		p.diagnosed(t, 0, []string{allIsWell})
	}
	t.Run("no answer", func(t *testing.T) { noAnswer(t, p) })
}

type registrationCase struct {
	change func(*admissionregistrationv1.ValidatingWebhookConfiguration, *admissionregistrationv1.MutatingWebhookConfiguration)
	code   int
	words  []string
}

func registrations() map[string]registrationCase {
	const object = "ValidatingWebhookConfiguration/stateward critical.stateward.dev: "
	return map[string]registrationCase{
		"a webhook is gone": {
			func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
				validating.Webhooks = validating.Webhooks[1:]
			}, 1, []string{"its webhook critical.stateward.dev is missing, so controllerrevisions DELETE; namespaces DELETE; "},
		},
		"another webhook is there": {
			func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
				other := *validating.Webhooks[1].DeepCopy()
				other.Name = "other.example.com"
				validating.Webhooks = append(validating.Webhooks, other)
			}, 0, []string{"its webhook other.example.com does not belong to Stateward"},
		},
		"scales are not asked about": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			for i := range webhook.Rules {
				if webhook.Rules[i].Resources[0] == "statefulsets/scale" {
					webhook.Rules = append(webhook.Rules[:i], webhook.Rules[i+1:]...)
					return
				}
			}
		}), 1, []string{object + "its rules lack UPDATE statefulsets/scale.apps/v1: these requests are not checked"}},
		"one rule says what three said": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			every := admissionregistrationv1.AllScopes
			one := admissionregistrationv1.RuleWithOperations{
				Operations: []admissionregistrationv1.OperationType{"UPDATE", "DELETE", "CREATE"},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{"", "apps", "policy"}, APIVersions: []string{"v1"}, Scope: &every,
					Resources: []string{"controllerrevisions", "namespaces", "namespaces/status", "persistentvolumeclaims", "persistentvolumeclaims/*", "persistentvolumes", "pods", "pods/status", "poddisruptionbudgets", "services", "services/status", "statefulsets", "statefulsets/*"},
				},
			}
			webhook.Rules = append(slices.DeleteFunc(webhook.Rules, func(rule admissionregistrationv1.RuleWithOperations) bool {
				return slices.Contains(one.APIGroups, rule.APIGroups[0])
			}), one)
		}), 0, []string{object + "its rules also include CREATE controllerrevisions./v1", allIsWell}},
		"a rule is for the wrong scope": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			wrong := admissionregistrationv1.ClusterScope
			for i := range webhook.Rules {
				webhook.Rules[i].Scope = &wrong
			}
		}), 1, []string{object + "its rules lack DELETE statefulsets.apps/v1"}},
		"failurePolicy is Ignore": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			ignore := admissionregistrationv1.Ignore
			webhook.FailurePolicy = &ignore
		}), 1, []string{object + "failurePolicy is Ignore, not Fail: when Stateward is down, requests that the rules deny are allowed"}},
		"failurePolicy is stricter": {
			func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
				fail := admissionregistrationv1.Fail
				validating.Webhooks[1].FailurePolicy = &fail
			}, 0, []string{"advisory.stateward.dev: failurePolicy is Fail, the manifests have Ignore", allIsWell},
		},
		"kube-system is not exempt": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.NamespaceSelector.MatchExpressions[0].Values = []string{registration.Namespace}
		}), 1, []string{object + "namespace kube-system is not exempt"}},
		"a user's namespace is exempt": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.NamespaceSelector.MatchExpressions[0].Values = append(webhook.NamespaceSelector.MatchExpressions[0].Values, "ci")
		}), 0, []string{object + "namespace ci is exempt: nothing in it is checked", allIsWell}},
		"only some namespaces are judged": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.NamespaceSelector.MatchLabels = map[string]string{"env": "production"}
		}), 0, []string{object + "only namespaces with env=production are checked", allIsWell}},
		"objects are selected by their labels": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"guarded": "yes"}}
		}), 1, []string{object + "objectSelector guarded=yes exempts objects"}},
		"a matchCondition is gone": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.MatchConditions = webhook.MatchConditions[1:]
		}), 1, []string{object + `matchCondition "not-a-controller-finishing-a-deletion" is missing`}},
		"a matchCondition is another": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.MatchConditions[0].Expression = "false"
		}), 1, []string{object + `matchCondition "not-a-controller-finishing-a-deletion" differs from the one that the rules need: false`}},
		"a matchCondition is added by a user": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.MatchConditions = append(webhook.MatchConditions, admissionregistrationv1.MatchCondition{Name: "not-mine", Expression: "request.userInfo.username != 'me'"})
		}), 0, []string{object + `matchCondition "not-mine" is not in the manifests`, allIsWell}},
		"a person waits for half a minute": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			seconds := int32(30)
			webhook.TimeoutSeconds = &seconds
		}), 1, []string{object + "timeoutSeconds is 30"}},
		"a person waits a little less": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			seconds := int32(3)
			webhook.TimeoutSeconds = &seconds
		}), 0, []string{object + "timeoutSeconds is 3, the manifests have 5", allIsWell}},
		"matchPolicy is Exact": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			exact := admissionregistrationv1.Exact
			webhook.MatchPolicy = &exact
		}), 1, []string{object + "matchPolicy is Exact, not Equivalent"}},
		"side effects are not announced": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			none := admissionregistrationv1.SideEffectClassNone
			webhook.SideEffects = &none
		}), 0, []string{object + "sideEffects is None, the manifests have NoneOnDryRun", allIsWell}},
		"mutations are not asked again": {
			func(_ *admissionregistrationv1.ValidatingWebhookConfiguration, mutating *admissionregistrationv1.MutatingWebhookConfiguration) {
				never := admissionregistrationv1.NeverReinvocationPolicy
				mutating.Webhooks[0].ReinvocationPolicy = &never
			}, 1, []string{"MutatingWebhookConfiguration/stateward mutation.stateward.dev: reinvocationPolicy is Never"},
		},
		"it is called at another path": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.ClientConfig.URL = new(*webhook.ClientConfig.URL + "-not")
		}), 1, []string{object + "its URL is ", "but Stateward serves /validate"}},
		"the Service has no ready pod": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			path := registration.ValidatePath
			webhook.ClientConfig.URL = nil
			webhook.ClientConfig.Service = &admissionregistrationv1.ServiceReference{Namespace: registration.Namespace, Name: registration.Name, Path: &path}
		}), 1, []string{"Service/stateward-system/stateward: none of its pods is ready", "kubectl -n stateward-system get pods,events"}},
		"the caBundle is empty": {critical(func(webhook *admissionregistrationv1.ValidatingWebhook) {
			webhook.ClientConfig.CABundle = nil
		}), 1, []string{object + "the caBundle is empty", object + "the API server does not trust the serving certificate: x509: certificate signed by unknown authority"}},
		"cert-manager is asked and not there": {
			func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
				validating.Annotations = map[string]string{"cert-manager.io/inject-ca-from": "stateward-system/stateward-ca"}
			}, 1, []string{"the registration requires cert-manager for its caBundle, but cert-manager is not installed", "install cert-manager, or apply the overlay self-managed"},
		},
	}
}

// TestDoctorOfAClusterWithoutStateward finds nothing of it.
func TestDoctorOfAClusterWithoutStateward(t *testing.T) {
	bare := cluster.ForTest(t, func(options *cluster.Options) { options.WithoutKwok, options.WithoutDNS = true, true })
	_, binary := environment.BinaryForTest(t)
	output, code := environment.Output(t, exec.CommandContext(t.Context(), binary, "doctor", "--kubeconfig", bare.Kubeconfig(), "-o", "json"))
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	var report struct {
		Version  int
		Healthy  bool
		Summary  struct{ OK, Note, Problem, Unchecked int }
		Findings []struct{ Check, Status, Object, Message, Fix string }
	}
	decoder := json.NewDecoder(strings.NewReader(output))
	decoder.DisallowUnknownFields()
	must(t, decoder.Decode(&report))
	summary := report.Summary
	if report.Healthy || report.Version != 1 || summary.OK+summary.Note+summary.Problem+summary.Unchecked != len(report.Findings) {
		t.Errorf("%+v", report)
	}
	for _, words := range []string{
		"the kind Guardrails is not installed", "no rule is evaluated: every request is allowed", "confirmations are not recorded",
		"it may not list statefulsets of apps", "was accepted by the API server (dry run)",
	} {
		if !strings.Contains(output, words) {
			t.Errorf("no %q in\n%s", words, output)
		}
	}
}
