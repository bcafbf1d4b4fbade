package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stateward/stateward/policies"
	"github.com/stateward/stateward/test/builders"
	"github.com/stateward/stateward/test/environment"
	"github.com/stateward/stateward/webhook/registration"
)

func configurationGone(t *testing.T, p *patient) {
	p.allowed(t, "", "delete", "validatingwebhookconfiguration", "stateward")
	p.diagnosed(t, 1, []string{
		"ValidatingWebhookConfiguration/stateward: it does not exist: no rule is evaluated: every request is allowed",
		"-> apply the manifests again", "a StatefulSet that mounts a block device as a folder was accepted by the API server (dry run): it is not checked",
	})
	p.allowed(t, "", "delete", "mutatingwebhookconfiguration", "stateward")
	p.diagnosed(t, 1, []string{
		"MutatingWebhookConfiguration/stateward: it does not exist: nothing is corrected",
		"unchecked  certificates  no webhook is registered",
	})
	p.register(t, critical(func(*admissionregistrationv1.ValidatingWebhook) {}))
}

func wrongCertificates(t *testing.T, p *patient) {
	serve := func(host string, notAfter time.Time) { p.authority.serve(t, p.folder, host, notAfter) }
	serve("127.0.0.1", time.Now().Add(-time.Hour))
	// The API server goes on over the connections that it has.
	p.diagnosed(t, 1, []string{"the serving certificate has expired at ", "find out why it is not renewed", "it is not ready: certificate failed"})
	serve("127.0.0.1", time.Now().Add(24*time.Hour))
	p.diagnosed(t, 1, []string{"the serving certificate expires at ", "and should have been renewed"})
	serve("elsewhere.example.com", time.Now().Add(aYear))
	p.diagnosed(t, 1, []string{"the API server does not trust the serving certificate: x509: ", "serve a certificate for this name"})
	stranger := newAuthority(t)
	stranger.serve(t, p.folder, "127.0.0.1", time.Now().Add(aYear))
	p.diagnosed(t, 1, []string{"critical.stateward.dev: the API server does not trust the serving certificate: x509: certificate signed by unknown authority"})
	serve("127.0.0.1", time.Now().Add(aYear))
	p.diagnosed(t, 0, []string{allIsWell})
}

func missingRights(t *testing.T, p *patient) {
	file := filepath.Join("..", "..", "manifests", "base", "rbac.yaml")
	p.allowed(t, "", "delete", "clusterrolebinding", "stateward")
	p.diagnosed(t, 1, []string{
		"ServiceAccount/stateward-system/stateward: it may not list statefulsets of apps", "it may not watch services",
		"it may not patch guardrails/status of stateward.dev", "apply manifests/base/rbac.yaml again",
	})
	p.allowed(t, "", "apply", "-f", file)
	p.allowed(t, "", "create", "clusterrolebinding", "too-much", "--clusterrole=cluster-admin", "--serviceaccount=stateward-system:stateward")
	p.diagnosed(t, 0, []string{"it may list all Secrets of the cluster", allIsWell})
	p.allowed(t, "", "delete", "clusterrolebinding", "too-much")
	p.diagnosed(t, 0, []string{"ok         rights"})
}

// auditWithoutRights turns the audit on in a Deployment, and gives its rights later.
func auditWithoutRights(t *testing.T, p *patient) {
	own, roles := []string{"-n", "stateward-system"}, filepath.Join("..", "..", "manifests", "components", "audit", "rbac.yaml")
	p.says(t, false, `apiVersion: apps/v1
kind: Deployment
metadata: {name: stateward, namespace: stateward-system}
spec:
  replicas: 0
  selector: {matchLabels: {app: stateward}}
  template:
    metadata: {labels: {app: stateward}}
    spec: {containers: [{name: stateward, image: "stateward:v0.1.0", args: [serve, --audit]}]}
`, []string{"deployment.apps/stateward created"}, append(slices.Clip(own), "apply", "-f", "-")...)
	p.diagnosed(t, 1, []string{
		"it may not create reports of openreports.io: the audit in the background is not complete",
		"it may not update leases of coordination.k8s.io: the audit in the background is not complete", "apply manifests/components/audit again",
	})
	p.allowed(t, "", append(slices.Clip(own), "apply", "-f", roles)...)
	p.diagnosed(t, 0, []string{"ok         rights"})
	p.allowed(t, "", append(slices.Clip(own), "delete", "-f", roles)...)
	p.allowed(t, "", append(slices.Clip(own), "delete", "deployment", "stateward")...)
}

func wrongGuardrails(t *testing.T, p *patient) {
	p.allowed(t, guardrails("  profile: strict\n"), "apply", "-f", "-")
	p.diagnosed(t, 0, []string{"Guardrails/stateward: active, revision ", allIsWell})
	p.allowed(t, guardrails("  exceptions: [{rules: [image-tag], match: {names: [web]}, reason: vendor, owner: me, expires: \"2020-01-01T00:00:00Z\"}]\n"), "apply", "-f", "-")
	p.diagnosed(t, 0, []string{"spec.exceptions[0] of me (vendor) expired at", allIsWell})
	p.allowed(t, guardrails("  rules: [{id: image-tagg}]\n"), append(breakGlass(), "apply", "-f", "-")...)
	p.diagnosed(t, 1, []string{`these Guardrails are invalid: spec.rules[0].id: unknown rule "image-tagg"`, "unchecked  probe", "whether it is denied depends on the active Guardrails"})
	p.allowed(t, guardrails("  match: {excludedNamespaces: [default]}\n"), "apply", "-f", "-")
	p.diagnosed(t, 0, []string{"a StatefulSet that mounts a block device as a folder was not tried in namespace default: the Guardrails do not deny it there"})
	p.diagnosed(t, 0, []string{"a StatefulSet that mounts a block device as a folder was denied"}, "-n", "kube-public")
	p.allowed(t, guardrails("  rules: [{id: pods-at-once, action: deny}]\n"), "apply", "-f", "-")
	p.diagnosed(t, 1, []string{"rule pods-at-once is on, and the API server does not send the requests that it checks", "rules registration --rule pods-at-once"})
	p.allowed(t, "", "delete", "guardrails", "stateward")
	p.diagnosed(t, 0, []string{allIsWell})
	onlyRecording(t, p)
}

// onlyRecording has Guardrails and a registration as the overlay audit-only has them.
func onlyRecording(t *testing.T, p *patient) {
	p.says(t, false, "", []string{"Warning: [guardrails] nothing is enforced"},
		"apply", "-f", filepath.Join("..", "..", "manifests", "components", "audit-only", "guardrails.yaml"))
	ignore := admissionregistrationv1.Ignore
	p.register(t, func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, _ *admissionregistrationv1.MutatingWebhookConfiguration) {
		for i := range validating.Webhooks {
			validating.Webhooks[i].FailurePolicy = &ignore
		}
	})
	p.diagnosed(t, 0, []string{
		"no request is ever denied: no rule has the action deny",
		"failurePolicy is Ignore, as in an installation that only records", "the Guardrails do not deny it there",
		"a Guardrails object with an unknown rule was denied (dry run)", allIsWell,
	})
	p.allowed(t, "", "delete", "guardrails", "stateward")
	p.register(t, critical(func(*admissionregistrationv1.ValidatingWebhook) {}))
}

// stalePolicies exports, and then changes what they were exported from.
func stalePolicies(t *testing.T, p *patient) {
	exported, code := environment.Output(t, exec.CommandContext(t.Context(), p.binary, "export", "vap"))
	if code != 0 {
		t.Fatal(exported)
	}
	p.says(t, false, exported, []string{"created"}, "apply", "-f", "-")
	p.diagnosed(t, 0, []string{"the ValidatingAdmissionPolicies match the rules under these Guardrails", allIsWell})
	p.allowed(t, "", "delete", "validatingadmissionpolicybinding", "stateward-image-tag")
	p.diagnosed(t, 1, []string{"ValidatingAdmissionPolicyBinding/stateward-image-tag: it is missing, although other", "export them again: "})
	p.says(t, false, exported, nil, "apply", "-f", "-")
	p.allowed(t, guardrails("  rules: [{id: image-tag, action: warn}, {id: quorum, action: \"off\"}]\n"), "apply", "-f", "-")
	p.diagnosed(t, 1, []string{
		"ValidatingAdmissionPolicy/stateward-image-tag: it differs from the rule under these Guardrails",
		"ValidatingAdmissionPolicyBinding/stateward-quorum: it belongs to no rule that is active under these Guardrails",
		"kubectl delete ValidatingAdmissionPolicyBinding/stateward-quorum",
	})
	p.allowed(t, "", "delete", "guardrails", "stateward")
	p.diagnosed(t, 0, []string{"the ValidatingAdmissionPolicies match", allIsWell})
	p.says(t, false, "", nil, "delete", "validatingadmissionpolicybindings,validatingadmissionpolicies", "-l", "app.kubernetes.io/part-of=stateward")
}

// lookedAtByNobody examines with little in sight: what cannot be seen is neither fine nor wrong.
func lookedAtByNobody(t *testing.T, p *patient) {
	examine := func(kubeconfig string, arguments ...string) (string, int) {
		arguments = append([]string{"doctor", "--kubeconfig", kubeconfig}, arguments...)
		return environment.Output(t, exec.CommandContext(t.Context(), p.binary, arguments...))
	}
	output, code := examine(p.Kubeconfig())
	if code != 2 || !containsAll(output, []string{"unchecked  ready", "problems: 0, not checked: 1", "error: not all checks could be done: 1 left"}) {
		t.Errorf("without the address of the probes: exit code %d:\n%s", code, output)
	}
	powerless, err := p.KubeconfigFor("powerless", "powerless", "system:authenticated")
	must(t, err)
	output, code = examine(powerless)
	if code != 2 || strings.Contains(output, "problem ") || !containsAll(output, []string{
		"unchecked  guardrails", "unchecked  webhooks", "unchecked  certificates", "unchecked  rights", "unchecked  ready", "unchecked  probe",
		"-> run the command as a user who may do that",
	}) {
		t.Errorf("without rights: exit code %d:\n%s", code, output)
	}
	output, code = examine(p.Kubeconfig(), "--webhook", "127.0.0.1:1", "--probes", "http://127.0.0.1:1")
	if code != 2 || !containsAll(output, []string{"the serving certificate was not checked: dial", "its readiness was not checked"}) {
		t.Errorf("with addresses without a listener: exit code %d:\n%s", code, output)
	}
}

// certificateNotReady has the real definitions of cert-manager, and a status as its controllers write it.
func certificateNotReady(t *testing.T, p *patient) {
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager").Output()
	must(t, err)
	definitions := filepath.Join(strings.TrimSpace(string(module)), "deploy", "crds")
	for _, kind := range []string{"certificates", "issuers"} {
		p.allowed(t, "", "apply", "--server-side", "-f", filepath.Join(definitions, "cert-manager.io_"+kind+".yaml"))
		// Before the status has conditions, kubectl does not wait but fails.
		eventually(t, kind+" are served", func(context.Context) (bool, error) {
			_, code := p.kubectl(t, "", "wait", "--for=condition=Established", "crd/"+kind+".cert-manager.io")
			return code == 0, nil
		})
	}
	p.allowed(t, "", "-n", "stateward-system", "apply", "-f", filepath.Join("..", "..", "manifests", "overlays", "cert-manager", "certificates.yaml"))
	p.diagnosed(t, 1, []string{"Certificate/stateward-system/stateward-serving: cert-manager has not processed it yet", "check that the cert-manager controller runs"})
	status := func(kind, name, conditions string) {
		p.allowed(t, "", "-n", "stateward-system", "patch", kind, name, "--subresource=status", "--type=merge", "-p", `{"status":`+conditions+`}`)
	}
	const ready = `{"conditions":[{"type":"Ready","status":"True","reason":"Ready","message":"up to date"}]}`
	for kind, names := range map[string][]string{"issuer": {"stateward-self-signed", "stateward-ca"}, "certificate": {"stateward-ca"}} {
		for _, name := range names {
			status(kind, name, ready)
		}
	}
	status("certificate", "stateward-serving", `{"failedIssuanceAttempts":3,"lastFailureTime":"2026-11-23T06:33:36Z","conditions":[`+
		`{"type":"Ready","status":"False","reason":"DoesNotExist","message":"Issuing certificate as Secret does not exist"}]}`)
	p.diagnosed(t, 1, []string{
		"Certificate/stateward-system/stateward-serving: the certificate was never issued: Secret stateward-serving does not exist, and the pods wait for it",
		"cert-manager reports DoesNotExist", "3 attempts have failed, the last at 2026-11-23T06:33:36Z",
		"check the requests: kubectl -n stateward-system get certificaterequests",
	})
	status("certificate", "stateward-serving", ready)
	p.diagnosed(t, 0, []string{"Certificate/stateward-system/stateward-serving: cert-manager reports it ready", allIsWell})
}

func noAnswer(t *testing.T, p *patient) {
	p.Stateward.Stop()
	p.diagnosed(t, 1, []string{
		"unchecked  ready", "unchecked  certificates", "a StatefulSet that mounts a block device as a folder was accepted by the API server (dry run)",
	})
	must(t, p.Stateward.Start())
	must(t, p.Stateward.WaitReady(t.Context(), p.Ready))
}

// unguardedOwner has a custom resource of a kind that no operator is known for.
func unguardedOwner(t *testing.T, p *patient) {
	p.allowed(t, strings.NewReplacer("rabbitmq.com", "queues.example.com", "RabbitmqCluster", "Queue", "rabbitmqcluster", "queue").Replace(builders.RabbitMQ), "create", "-f", "-")
	p.eventuallyAllowed(t, "apiVersion: queues.example.com/v1beta1\nkind: Queue\nmetadata: {name: q}\n", "create", "-f", "-")
	uid, code := p.kubectl(t, "", "get", "queues.queues.example.com", "q", "-o", "jsonpath={.metadata.uid}")
	if code != 0 {
		t.Fatal(uid)
	}
	set := withClaim(builders.MakeStatefulSet().Replicas(1))
	set.OwnerReferences = []metav1.OwnerReference{{APIVersion: "queues.example.com/v1beta1", Kind: "Queue", Name: "q", UID: types.UID(uid)}}
	set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
	p.create(t, set)
	p.settled(t, 1)
	p.allowed(t, "", append(breakGlass(), "delete", "service", "nginx")...)
	p.diagnosed(t, 0, []string{
		"StatefulSet/default/web: its Service nginx does not exist, so the DNS names of its pods do not resolve",
		"CustomResourceDefinition/queues.queues.example.com: it owns StatefulSet default/web and is not guarded",
		"`stateward rules registration --parent queues.queues.example.com`",
		"StatefulSets: StatefulSet default/web has an owner and whenDeleted: Delete", allIsWell,
	})
	kinds, _ := p.command(t, "owners")
	if !strings.Contains(kinds, "queues.queues.example.com  1             1            no") ||
		!strings.Contains(kinds, "stateward rules registration --parent queues.queues.example.com | kubectl apply -f -") {
		t.Errorf("stateward owners:\n%s", kinds)
	}
	p.looksUpOwners(t)
	p.guardsParents(t)
	p.says(t, false, "", []string{"Warning: [owner-delete] confirmed"}, "delete", "queues.queues.example.com", "q", "--cascade=foreground")
	p.diagnosed(t, 0, []string{"ok         owners"})
}

// guardsParents names the custom resource in the Guardrails, and then registers it.
func (p *patient) guardsParents(t *testing.T) {
	t.Helper()
	p.says(t, true, guardrails("  parents: [{group: queues.example.com, kind: Queues}]\n"), []string{
		`spec.parents[0].kind: the cluster has no kind "Queues" in group "queues.example.com"`,
	}, "apply", "-f", "-")
	config := guardrails("  parents: [{group: queues.example.com, kind: Queue}]\n")
	p.allowed(t, config, "apply", "-f", "-")
	p.diagnosed(t, 1, []string{"spec.parents has queues.queues.example.com, and the API server does not send its deletions"})
	file := filepath.Join(t.TempDir(), "guardrails.yaml")
	must(t, os.WriteFile(file, []byte(config), 0o600))
	registered, _ := environment.Output(t, exec.CommandContext(t.Context(), p.binary, "rules", "registration", "--config", file))
	if !strings.Contains(registered, "queues.example.com") {
		t.Errorf("stateward rules registration --config:\n%s", registered)
	}
	p.register(t, func(validating *admissionregistrationv1.ValidatingWebhookConfiguration, mutating *admissionregistrationv1.MutatingWebhookConfiguration) {
		library, err := policies.Embedded()
		must(t, err)
		library.MoreParents = []policies.Parent{{Group: "queues.example.com", Resource: "queues"}}
		target := registration.Target{URL: p.Webhook, CABundle: p.authority.bundle}
		*validating, *mutating = *registration.Validating(library, target), *registration.Mutating(library, target)
	})
	p.diagnosed(t, 0, []string{allIsWell})
	p.denied(t, "owner-delete", "delete", "queues.queues.example.com", "q", "--dry-run=server")
	p.confirmed(t, "queues.queues.example.com/q", "delete")
	p.allowed(t, "", "delete", "guardrails", "stateward")
}

// command runs another verb than doctor.
func (p *patient) command(t *testing.T, arguments ...string) (output string, code int) {
	t.Helper()
	arguments = append(arguments, "--kubeconfig", p.Kubeconfig())
	return environment.Output(t, exec.CommandContext(t.Context(), p.binary, arguments...))
}

// looksUpOwners compares what is said of an owner before and after Stateward may look it up.
func (p *patient) looksUpOwners(t *testing.T) {
	t.Helper()
	operator := p.as(t, "system:serviceaccount:"+p.namespace+":operator")
	gone := append(slices.Clip(operator), "patch", "statefulset/web", "--type=merge", "--dry-run=server", "-p",
		ownedBy("queues.example.com/v1beta1", "Queue", "gone", "0", true))
	p.says(t, false, "", []string{"Warning: [owner-reference]", "Stateward may not get queues.queues.example.com"}, gone...)
	rights, code := p.command(t, "owners", "--rbac")
	if code != 0 {
		t.Fatal(rights)
	}
	p.allowed(t, rights, "apply", "-f", "-")
	eventually(t, "Stateward looks queues up", func(context.Context) (bool, error) {
		said, code := p.kubectl(t, "", gone...)
		return code != 0 && strings.Contains(said, "does not exist"), nil
	})
}

// managedRegistration lets Stateward add webhooks, first without the right to do so.
func managedRegistration(t *testing.T, p *patient) {
	p.allowed(t, builders.ClusterDefinition(), "create", "-f", "-")
	p.eventuallyAllowed(t, builders.Managing+"  rules: [{id: pods-at-once, action: deny}]\n", "apply", "-f", "-")
	p.diagnosed(t, 1, []string{
		"spec.registration.manage is true, and its webhook managed-critical.stateward.dev is missing, so clusters DELETE; customresourcedefinitions DELETE is not checked",
		"its webhook managed-members.stateward.dev is missing", "-> add manifests/components/manage-registration to the overlay",
		"it may not patch validatingwebhookconfigurations of admissionregistration.k8s.io: spec.registration.manage has no effect",
		"it may not update leases of coordination.k8s.io: spec.registration.manage has no effect",
	})
	p.mayManage(t, "apply")
	p.diagnosed(t, 0, []string{
		"ok         webhooks", "its webhook managed-critical.stateward.dev, which Stateward manages, covers clusters DELETE; customresourcedefinitions DELETE",
		"its webhook managed-members.stateward.dev, which Stateward manages, covers ", "ok         rights", allIsWell,
	})
	p.mayManage(t, "delete")
	p.allowed(t, "", "delete", "guardrails", "stateward")
	p.diagnosed(t, 0, []string{"its webhook managed-critical.stateward.dev, which Stateward has added, is not needed any more", allIsWell})
	p.mayManage(t, "apply")
	p.manages(t)
	p.mayManage(t, "delete")
	p.allowed(t, "", "delete", "crd", "clusters.example.com")
}
