package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/stateward/stateward/policies/forecast"
	"github.com/stateward/stateward/webhook/registration"
)

// parse reads minor versions with commas between them, such as 1.34,1.35.
func parse(text string) (minors []int, err error) {
	seen := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		digits, found := strings.CutPrefix(part, "1.")
		minor, err := strconv.Atoi(digits)
		if !found || err != nil || strconv.Itoa(minor) != digits {
			return nil, fmt.Errorf("VERSIONS=%s: %q is not a minor version of Kubernetes: write VERSIONS=1.34,1.35", text, part)
		}
		if minor < registration.OldestMinor {
			return nil, fmt.Errorf("VERSIONS=%s: Stateward supports Kubernetes 1.%d and newer, not %s", text, registration.OldestMinor, part)
		}
		if seen[minor] {
			return nil, fmt.Errorf("VERSIONS=%s: %s is written twice", text, part)
		}
		seen[minor] = true
		minors = append(minors, minor)
	}
	return minors, nil
}

// published lists the versions of Kubernetes that the module proxy serves.
func published(ctx context.Context) ([]string, error) {
	command := exec.CommandContext(ctx, "go", "list", "-m", "-versions", "k8s.io/kubernetes")
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		said, _, _ := strings.Cut(stderr.String(), "\n")
		return nil, fmt.Errorf("the module proxy does not list the versions of Kubernetes: check the network and `go env GOPROXY`, and run this again (%s)", said)
	}
	return strings.Fields(string(output)), nil
}

// newest returns the newest patch of each minor version.
func newest(minors []int, published []string) (versions []string, err error) {
	patches, last := map[int]int{}, 0
	for _, version := range published {
		if parsed, err := forecast.ParseVersion(version); err == nil && version == "v"+parsed.String() {
			patches[parsed.Minor] = max(patches[parsed.Minor], parsed.Patch)
			last = max(last, parsed.Minor)
		}
	}
	for _, minor := range minors {
		patch, served := patches[minor]
		if !served {
			return nil, fmt.Errorf("the module proxy serves no release of Kubernetes 1.%d; its newest is 1.%d.%d", minor, last, patches[last])
		}
		versions = append(versions, fmt.Sprintf("v1.%d.%d", minor, patch))
	}
	return versions, nil
}
