package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Capabilities returns what a rule may use of OPA: an allow-list, so that a built-in function of a later OPA is out
// until it has been reviewed. All that is in depends on nothing but its arguments: no network, no clock, no
// chance, no environment, no other policy. Stock OPA and conftest have every one of these functions.
func Capabilities() *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	allowed := allowedBuiltins()
	capabilities.Builtins = slices.DeleteFunc(capabilities.Builtins, func(builtin *ast.Builtin) bool {
		return !slices.Contains(allowed, builtin.Name)
	})
	// Empty and not nil: nil would mean any host.
	capabilities.AllowNet = []string{}
	return capabilities
}

func allowedBuiltins() []string {
	return strings.Fields(`
		assign eq equal neq gt gte lt lte
		plus minus mul div rem abs ceil floor round numbers.range numbers.range_step
		bits.and bits.lsh bits.negate bits.or bits.rsh bits.xor
		count max min product sort sum
		array.concat array.flatten array.reverse array.slice
		and or intersection union internal.member_2 internal.member_3
		object.filter object.get object.keys object.remove object.subset object.union object.union_n
		json.filter json.patch json.remove json.marshal json.unmarshal json.is_valid
		yaml.marshal yaml.unmarshal yaml.is_valid
		base64.decode base64.encode base64.is_valid hex.decode hex.encode
		crypto.sha256 urlquery.decode urlquery.encode
		concat contains endswith format_int indexof indexof_n lower replace split sprintf startswith
		strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.reverse
		strings.split_n substring trim trim_left trim_prefix trim_right trim_space trim_suffix upper
		internal.template_string
		regex.find_all_string_submatch_n regex.find_n regex.is_valid regex.match regex.replace regex.split
		glob.match glob.quote_meta
		graph.reachable graph.reachable_paths walk
		semver.compare semver.is_valid units.parse units.parse_bytes to_number
		time.add_date time.clock time.date time.diff time.format time.parse_duration_ns time.parse_ns
		time.parse_rfc3339_ns time.weekday
		is_array is_boolean is_null is_number is_object is_set is_string type_name
		rego.metadata.chain rego.metadata.rule
	`)
}
