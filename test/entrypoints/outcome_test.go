package entrypoints_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

// Words of outcomes, as the page has them.
const (
	denied   = "denied"
	warned   = "warned"
	refused  = "refused"
	noEffect = "no effect"
	allowed  = "allowed"
	open     = "not guarded"
)

var (
	denying = regexp.MustCompile(`admission webhook "([a-z-]+)\.stateward\.dev" denied the request`)
	// speaks is a rule at the beginning of a finding.
	speaks = regexp.MustCompile(`(?m)(?:^|denied the request: )\[([a-z0-9-]+)\]`)
)

// outcome is what came of a request: of an answer, of the warnings with it, and whether anything changed.
func outcome(answer error, warnings []string, effective bool) (string, error) {
	if answer == nil {
		switch rules := rulesOf(strings.Join(warnings, "\n")); {
		case rules != "":
			return warned + ": " + rules, nil
		case !effective:
			return noEffect, nil
		default:
			return allowed, nil
		}
	}
	if webhook := denying.FindStringSubmatch(answer.Error()); webhook != nil {
		if rules := rulesOf(answer.Error()); rules != "" {
			return denied + ": " + rules, nil
		}
		return denied + ": " + webhook[1], nil
	}
	var status apierrors.APIStatus
	if !errors.As(answer, &status) || strings.Contains(answer.Error(), "failed calling webhook") {
		return "", answer
	}
	reason := string(status.Status().Reason)
	if reason == "" {
		reason = http.StatusText(int(status.Status().Code))
	}
	return fmt.Sprintf("%s: %s", refused, reason), nil
}

// rulesOf are the rules that say something in a text, without repetition.
func rulesOf(text string) string {
	var rules []string
	for _, found := range speaks.FindAllStringSubmatch(text, -1) {
		rules = append(rules, found[1])
	}
	slices.Sort(rules)
	return strings.Join(slices.Compact(rules), ", ")
}

// heard keeps the warnings of one request.
type heard struct{ warnings []string }

func (h *heard) HandleWarningHeader(_ int, _ string, text string) {
	h.warnings = append(h.warnings, text)
}

// person returns a user with all rights who is not exempt from the rules.
func person(admin *rest.Config, warnings rest.WarningHandler) *rest.Config {
	config := rest.CopyConfig(admin)
	config.Impersonate = rest.ImpersonationConfig{UserName: "alice", Groups: []string{"system:masters"}}
	config.WarningHandler, config.QPS = warnings, -1
	return config
}

// administrator is the hand that no rule stops, which makes what is to be lost.
func administrator(admin *rest.Config) *rest.Config {
	config := person(admin, rest.NoWarnings{})
	config.Impersonate = rest.ImpersonationConfig{UserName: "admin", Groups: []string{"system:masters", "stateward:breakglass"}}
	return config
}
