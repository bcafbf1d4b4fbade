package stateward.lib.marks_test

import data.stateward.lib.marks
import data.stateward.lib.metadata

test_constants_have_their_former_names if {
	constants := {
		"confirm", "until", "reason", "rules", "for_time", "confirmed_by", "confirmed_object", "canary_hold", "kinds",
		"quorum", "canary", "ephemeral", "rollout_group", "protections",
	}
	every name in constants {
		marks[name] == metadata[name]
	}
	marks.unmarked == metadata.without_annotations
}

_cache := {"metadata": {
	"labels": {"stateward.dev/ephemeral": "true", "stateward.dev/quorum": "true", "stateward.dev/canary": "auto"},
	"annotations": {"stateward.dev/confirm": "delete"},
}}

test_functions_have_their_former_names if {
	marks.is_ephemeral(_cache)
	marks.protects(_cache, marks.quorum)
	marks.begins_with_canary(_cache)
	marks.annotation(_cache, marks.confirm) == "delete"
	marks.confirmation(_cache) == metadata.confirmation(_cache)
}
