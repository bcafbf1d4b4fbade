package stateward.rules.rollout["gitops-replace_test"]

import data.stateward.rules.rollout["gitops-replace"] as rule

_argo := "argocd.argoproj.io/sync-options"

_flux := "kustomize.toolkit.fluxcd.io/force"

test_force_of_argo_cd_is_denied[options] if {
	some options in ["Force=true", "Force=true,Replace=true", "Prune=false, force=true"]
	{[finding.field, finding.what, finding.severity] | some finding in rule.report} == {[
		`metadata.annotations["argocd.argoproj.io/sync-options"]`,
		"Force=true lets Argo CD delete and recreate this set: all pods stop at once",
		"deny",
	]} with input as _sts({_argo: options})
}

test_force_of_flux_is_denied[value] if {
	some value in ["enabled", "Enabled", "true"]
	[finding.severity | some finding in rule.report] == ["deny"] with input as _sts({_flux: value})
}

test_replace_alone_is_a_warning if {
	[finding.severity | some finding in rule.report] == ["warn"] with input as _sts({_argo: "Replace=true"})
}

test_other_options_and_sets_without_claims_are_fine if {
	rule.report == set() with input as _sts({_argo: "ServerSideApply=true,Replace=false", _flux: "disabled"})
	rule.report == set() with input as _sts({})
	claimless := json.remove(_sts({_argo: "Force=true", _flux: "enabled"}), ["/spec/volumeClaimTemplates"])
	rule.report == set() with input as claimless
}

test_what_is_stored_already_is_grandfathered if {
	[finding.existing | some finding in rule.report] == [true] with input as {"request": {
		"operation": "UPDATE",
		"oldObject": _sts({_argo: "Force=true"}),
		"object": object.union(_sts({_argo: "Force=true"}), {"spec": {"replicas": 5}}),
	}}
}

_sts(annotations) := {
	"apiVersion": "apps/v1",
	"kind": "StatefulSet",
	"metadata": {"name": "web", "annotations": annotations},
	"spec": {"volumeClaimTemplates": [{"metadata": {"name": "www"}}]},
}
