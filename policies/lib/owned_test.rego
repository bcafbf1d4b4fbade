package stateward.lib.owned_test

import data.stateward.lib.owned

test_group_is_that_of_the_api_version if {
	owned.group_of("apps/v1") == "apps"
	owned.group_of("v1") == ""
}
