# METADATA
# title: Listings
# description: Names as people list them.
package stateward.lib.listing

# METADATA
# title: Short
# description: Names with commas; of more than three, two and how many more.
# scope: document
short(names) := sprintf("%s and %d more", [concat(", ", array.slice(names, 0, 2)), count(names) - 2]) if {
	count(names) > 3
} else := concat(", ", names)
