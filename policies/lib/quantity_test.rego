package stateward.lib.quantity_test

import data.stateward.lib.quantity

test_quantity_has_a_number[text] if {
	some text, number in {"1Gi": 1073741824, "1024Mi": 1073741824, "1G": 1000000000, "10": 10, "1.5k": 1500, "500m": 0.5}
	quantity.number(text) == number
}

test_number_in_yaml_is_a_quantity if {
	quantity.number(10) == 10
}

test_rest_has_no_number[text] if {
	some text in ["", "many", "1e9", "5n", "-1Gi", "1 Gi", "1gi", null]
	not quantity.number(text)
}
