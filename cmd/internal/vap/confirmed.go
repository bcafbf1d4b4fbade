package vap

import (
	"fmt"
	"strings"

	"github.com/stateward/stateward/policies"
)

// way is the end of a message, which explains how to confirm. A creation needs no confirmation, and a Scale does not
// carry the annotations of its StatefulSet.
func way(rule policies.Rule) string {
	return `request.operation == 'CREATE' || request.kind.kind == 'Scale' ? '.' : ` +
		`', or confirm it: stateward confirm ' + request.kind.kind.lowerAscii() + '/' + oldObject.metadata.name + ' ' + ` +
		`request.operation.lowerAscii() + (request.kind.kind == 'Namespace' ? '' : ' -n ' + oldObject.metadata.namespace) + ' --rules ` + rule.ID + `'`
}

// confirmed is true where the object has the annotations of a confirmation of this operation, for this rule and for its present
// state, as policies/lib/confirmation.rego asks for. CEL has no clock: that they have not expired yet is for Stateward to see.
func confirmed(rule policies.Rule, fourEyes bool) string {
	parts := []string{
		"oldObject != null",
		annotation(policies.ConfirmAnnotation) + " == request.operation.lowerAscii()",
		annotation(policies.ConfirmUntilAnnotation) + " != ''",
		annotation(policies.ConfirmedByAnnotation) + " != ''",
		names(rule),
		fmt.Sprintf("(%s == (%s) || (request.operation == 'DELETE' && (%[2]s) != '' && %[1]s.startsWith((%[2]s) + '/')))",
			annotation(policies.ConfirmedObjectAnnotation), state),
	}
	if fourEyes {
		parts = append(parts, annotation(policies.ConfirmedByAnnotation)+" != request.userInfo.username",
			"!"+annotation(policies.ConfirmedByAnnotation)+".startsWith('system:serviceaccount:')")
	}
	return strings.Join(parts, " && ")
}

// names is true where the confirmation names the rule, or names none and the rule is not about loss of data.
func names(rule policies.Rule) string {
	named := fmt.Sprintf("%s.split(',').exists(each, each.trim() in ['%s'])",
		annotation(policies.ConfirmRulesAnnotation), strings.Join(append([]string{rule.ID}, rule.Aliases...), "', '"))
	if rule.DataLoss {
		return named
	}
	return fmt.Sprintf("(%s == '' || %s)", annotation(policies.ConfirmRulesAnnotation), named)
}

// state is what policies/lib/stamp.rego calls the state of an object. What a deletion takes with it follows after a slash,
// and only Stateward sees that.
const state = "oldObject.metadata.?uid.orValue('') == '' ? '' : oldObject.metadata.uid + (request.operation == 'DELETE' " +
	"? dyn(oldObject).?spec.?persistentVolumeClaimRetentionPolicy.?whenDeleted.optMap(policy, '/' + policy).orValue('') " +
	": oldObject.metadata.?generation.optMap(generation, '/' + string(generation)).orValue(''))"

func annotation(name string) string {
	return fmt.Sprintf("oldObject.metadata.?annotations[?'%s'].orValue('')", name)
}
