package stateward.lib.told_test

import data.stateward.lib.told

test_options_are_read_in_each_form[form] if {
	some form, container in {
		"with an equals sign": {"args": ["--data-dir=/data/a/"]},
		"as the next word": {"command": ["etcd", "--data-dir", "/data/a"]},
		"with one dash": {"args": ["-data-dir", "/data/a"]},
		"in a script": {"command": ["sh", "-c", "exec etcd --data-dir='/data/a' --name x"]},
		"without dashes": {"args": ["-c", "data-dir=/data/a"]},
	}
	told.options(container, ["data-dir"]) == {{"name": "data-dir", "value": "/data/a"}}
}

test_what_is_no_such_option_is_left_out[args] if {
	some args in [["--data-dir"], ["--data-dir", "--name"], ["--name=x"], [5], ["data-dir", "/data"]]
	{option.value | some option in told.options({"args": args}, ["data-dir"])} - {""} == set()
}

test_folder_within_a_claim[text] if {
	some text in ["/data", "/data/a", "path=/data/a,size=1", `"/data/x"`]
	told.in_a_claim(_sts, _container, text)
}

test_other_folders_are_not_in_a_claim[text] if {
	some text in ["/database", "/tmp/data", "data", ""]
	not told.in_a_claim(_sts, _container, text)
}

test_text_is_found_in_words_and_variables[place] if {
	some place, container in {
		"argument": {"args": ["--dir=/data/a"]},
		"word": {"command": ["run", "/data/a/"]},
		"variable": {"env": [{"name": "X", "value": "/data/a"}]},
	}
	told.names(container, "/data/a")
	not told.names(container, "/data")
}

_container := {"name": "db", "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "x"}]}

_sts := {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}
