# METADATA
# title: Stateward
# description: |
#   Guardrails for Kubernetes StatefulSets, in the form that conftest asks for:
#   `conftest test -p policies --combine manifests/`.
package main

import data.stateward.lib.router

# METADATA
# title: Deny
# description: What must not happen.
# scope: document
# entrypoint: true
deny contains finding if {
	some finding in router.findings
	finding.level == "deny"
}

# METADATA
# title: Warn
# description: What should be known before it happens, and what Stateward's webhook would change.
# scope: document
# entrypoint: true
warn contains finding if {
	some finding in router.findings
	finding.level == "warn"
}

warn contains finding if {
	some finding in router.mutations
	finding.level == "warn"
	not _reported(finding)
}

# A rule reports the fault that the mutation corrects, and one message is enough.
_reported(finding) if {
	finding.rule == "claim-class-annotation"
	some other in router.findings
	other.rule == "claim-annotation"
	other.object == finding.object
}
