package stateward.lib.quantity_test

import data.stateward.lib.quantity

test_quantities_have_bytes[written] if {
	some written, bytes in {
		"512": 512,
		"10Gi": 10737418240,
		"1.5Gi": 1610612736,
		"+1Ki": 1024,
		".5k": 500,
		"1.M": 1000000,
		"1T": 1000000000000,
		"1e9": 1000000000,
		"12E3": 12000,
		"2E": 2000000000000000000,
		"2000m": 2,
		"0": 0,
		"1500m": 2,
		"0.1Ki": 103,
		"-0": 0,
	}
	quantity.bytes(written) == bytes
}

test_yaml_reads_a_plain_number_as_one if {
	quantity.bytes(512) == 512
}

test_what_is_no_amount_has_no_bytes[written] if {
	some written in ["", "Gi", "-1Gi", "10 Gi", "10gi", "10GiB", "1e", "ten", null, true, "1e400", "."]
	not quantity.bytes(written)
}

test_what_is_less_than_nothing_or_nothing_is_not_positive[written] if {
	some written in ["0", "-1Gi", "0.0Gi", "ten", ""]
	not quantity.positive(written)
}

test_what_is_more_than_nothing_is_positive[written] if {
	some written in ["1", "0.001", "1n", "+1Gi", "1e-9", "10Gi"]
	quantity.positive(written)
	quantity.valid(written)
}

test_bytes_are_told_as_people_think_of_disks[text] if {
	some text, bytes in {
		"1Gi": 1073741824,
		"10Gi": 10737418240,
		"1.5Gi": 1610612736,
		"9.3Gi": 10000000000,
		"2048Gi": 2199023255552,
		"512Mi": 536870912,
		"0.5Mi": 524288,
		"0Mi": 0,
	}
	quantity.text(bytes) == text
}
