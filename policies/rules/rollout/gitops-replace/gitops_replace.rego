# METADATA
# title: GitOps tools do not replace a set with claims
# description: |
#   `argocd.argoproj.io/sync-options: Force=true` makes Argo CD delete and recreate an object that it cannot patch, and
#   so does `kustomize.toolkit.fluxcd.io/force: enabled` with Flux: all pods of the set stop at once. `Replace=true`
#   alone is a PUT: it resets replicas and partition changed in the cluster, and drops annotations.
#   What is stored already is only mentioned.
# related_resources:
#   - ref: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#force-sync
#   - ref: https://fluxcd.io/flux/components/kustomize/kustomizations/#force
# custom:
#   severity: deny
#   on:
#     statefulsets: [CREATE, UPDATE]
#   fix: leave the option out; where a field cannot be changed, delete the set with --cascade=orphan and apply it again
#   since: v0.1.0
package stateward.rules.rollout["gitops-replace"]

import data.stateward.lib.result
import data.stateward.lib.review

_argo := "argocd.argoproj.io/sync-options"

_flux := "kustomize.toolkit.fluxcd.io/force"

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", _argo],
	"what": "Force=true lets Argo CD delete and recreate this set: all pods stop at once",
}) if {
	some entry in _with_claims
	"force=true" in _options(entry.object)
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", _flux],
	"what": sprintf("%q lets Flux delete and recreate this set: all pods stop at once", [value]),
}) if {
	some entry in _with_claims
	value := entry.object.metadata.annotations[_flux]
	lower(value) in {"enabled", "true"}
}

report contains result.violation(rego.metadata.chain(), entry, {
	"path": ["metadata", "annotations", _argo],
	"what": "Replace=true is a PUT: it resets replicas and partition, and drops annotations",
	"fix": "leave Replace=true out, or use ServerSideApply=true",
	"severity": "warn",
}) if {
	some entry in _with_claims
	options := _options(entry.object)
	"replace=true" in options
	not "force=true" in options
}

_with_claims := [entry |
	some entry in review.statefulsets
	count(object.get(entry.object, ["spec", "volumeClaimTemplates"], [])) > 0
]

_options(sts) := {lower(trim_space(option)) | some option in split(sts.metadata.annotations[_argo], ",")}
