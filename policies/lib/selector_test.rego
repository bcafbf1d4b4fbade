package stateward.lib.selector_test

import data.stateward.lib.selector

_labels := {"app": "nginx", "tier": "web"}

test_labels_and_expressions_must_all_hold[text] if {
	some text, wanted in {
		"one label": {"matchLabels": {"app": "nginx"}},
		"all labels": {"matchLabels": _labels},
		"nothing wanted": {},
		"null wanted": {"matchLabels": null, "matchExpressions": null},
		"in": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["nginx", "web"]}]},
		"not in": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]},
		"not in, without the label": {"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]},
		"exists": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
		"does not exist": {"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]},
		"both": {"matchLabels": {"app": "nginx"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]},
	}
	selector.matches(wanted, _labels)
}

test_one_that_does_not_hold_is_enough[text] if {
	some text, wanted in {
		"no selector": null,
		"a text": "app=nginx",
		"another value": {"matchLabels": {"app": "web"}},
		"another label": {"matchLabels": {"app": "nginx", "zone": "a"}},
		"not in the values": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]},
		"in, without the label": {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]},
		"in the values": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["nginx"]}]},
		"does not exist": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]},
		"exists": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
		"an operator that is none": {"matchExpressions": [{"key": "app", "operator": "Equals"}]},
		"no key": {"matchExpressions": [{"operator": "Exists"}]},
	}
	not selector.matches(wanted, _labels)
}

test_nothing_matches_what_has_no_map_of_labels if {
	not selector.matches({}, null)
}

test_own_selector_is_the_given_one_or_the_templates_labels if {
	template := {"metadata": {"labels": _labels}}
	selector.own({"spec": {"selector": {"matchLabels": {"app": "nginx"}}, "template": template}}) == {"matchLabels": {
		"app": "nginx",
	}}
	selector.own({"spec": {"selector": null, "template": template}}) == {"matchLabels": _labels}
	selector.own({"spec": {"template": template}}) == {"matchLabels": _labels}
}

test_selector_that_kubernetes_refuses_is_nobodys_own[wanted] if {
	some wanted in [{}, {"matchLabels": {}, "matchExpressions": []}, "app=nginx", 5]
	not selector.own({"spec": {"selector": wanted}})
}

test_labels_are_those_of_the_pod_template if {
	selector.labels({"spec": {"template": {"metadata": {"labels": _labels}}}}) == _labels
	selector.labels({"spec": {"template": {"metadata": {"labels": null}}}}) == {}
	selector.labels({}) == {}
}

test_labels_that_a_selector_wants if {
	selector.wanted({"matchLabels": {"app": "db"}}) == {"app": "db"}
	selector.wanted({"matchExpressions": []}) == {}
	selector.wanted("app=db") == {}
}
