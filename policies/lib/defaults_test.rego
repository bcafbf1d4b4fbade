package stateward.lib.defaults_test

import data.stateward.lib.defaults

test_defaults_of_the_api_server[specification] if {
	some specification in [{}, {"spec": null}, {"spec": {}}, _spec({
		"replicas": null,
		"ordinals": null,
		"updateStrategy": null,
		"persistentVolumeClaimRetentionPolicy": null,
		"podManagementPolicy": null,
		"volumeMode": null,
	})]
	defaults.replicas(specification) == 1
	defaults.scale_replicas(specification) == 0
	defaults.ordinals_start(specification) == 0
	defaults.update_strategy(specification) == "RollingUpdate"
	defaults.partition(specification) == 0
	defaults.when_deleted(specification) == "Retain"
	defaults.when_scaled(specification) == "Retain"
	defaults.pod_management(specification) == "OrderedReady"
	defaults.volume_mode(specification) == "Filesystem"
}

test_what_is_said_stays if {
	sts := _spec({
		"replicas": 5,
		"ordinals": {"start": 7},
		"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 3}},
		"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"},
		"podManagementPolicy": "Parallel",
		"volumeMode": "Block",
	})
	defaults.replicas(sts) == 5
	defaults.scale_replicas(sts) == 5
	defaults.ordinals_start(sts) == 7
	defaults.update_strategy(sts) == "OnDelete"
	defaults.partition(sts) == 3
	defaults.when_deleted(sts) == "Delete"
	defaults.when_scaled(sts) == "Delete"
	defaults.pod_management(sts) == "Parallel"
	defaults.volume_mode(sts) == "Block"
}

test_class_binds_at_once_where_it_does_not_say if {
	defaults.binding_mode({}) == "Immediate"
	defaults.binding_mode({"volumeBindingMode": "WaitForFirstConsumer"}) == "WaitForFirstConsumer"
}

test_rollout_waits_for_nothing_where_it_does_not_say if {
	defaults.min_ready_seconds(_spec({})) == 0
	defaults.min_ready_seconds(_spec({"minReadySeconds": 10})) == 10
}

test_zero_is_said_too if {
	defaults.replicas(_spec({"replicas": 0})) == 0
}

test_empty_text_means_the_default if {
	defaults.update_strategy(_spec({"updateStrategy": {"type": ""}})) == "RollingUpdate"
	defaults.when_deleted(_spec({"persistentVolumeClaimRetentionPolicy": {"whenDeleted": ""}})) == "Retain"
	defaults.when_scaled(_spec({"persistentVolumeClaimRetentionPolicy": {"whenScaled": ""}})) == "Retain"
	defaults.pod_management(_spec({"podManagementPolicy": ""})) == "OrderedReady"
	defaults.volume_mode(_spec({"volumeMode": ""})) == "Filesystem"
}

test_rolling_update_without_partition_starts_at_zero[rolling] if {
	some rolling in [null, {}, {"maxUnavailable": 1}]
	defaults.partition(_spec({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}})) == 0
}

test_number_in_quotes_is_a_number if {
	defaults.replicas(_spec({"replicas": "3"})) == 3
}

# A wrong type must not compare as small or large; where the evaluation is strict it is an error.
test_what_is_no_number_has_no_value[value] if {
	some value in ["many", "", "3x", [3], {"value": 3}]
	not defaults.replicas(_spec({"replicas": value}))
}

_spec(fields) := {"spec": fields}
