package stateward.lib.listing_test

import data.stateward.lib.listing

test_three_names_are_listed_and_four_are_not if {
	listing.short(["a", "b", "c"]) == "a, b, c"
	listing.short(["a", "b", "c", "d"]) == "a, b and 2 more"
}
