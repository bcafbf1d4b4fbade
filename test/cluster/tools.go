package cluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Tool is a program that the tests or the development tasks run and that is
// built from a nested Go module, so that its dependencies stay out of the main
// module.
type Tool struct {
	// Name is the binary's name, and what callers ask for.
	Name string
	// Module is the folder under test/tools whose go.mod pins the program.
	Module string
	// Package is the import path of the program's main package; "." is one in
	// the module itself, which chooses what is linked.
	Package string

	// versioned marks the Kubernetes programs, which report the version that
	// the linker wrote into them; kubectl cannot parse the placeholder that
	// they have otherwise.
	versioned bool
}

// Tools lists every program that Build knows.
func Tools() []Tool {
	return []Tool{
		{Name: "etcd", Module: "kubernetes", Package: "go.etcd.io/etcd/server/v3"},
		{Name: "kube-apiserver", Module: "kubernetes", Package: "k8s.io/kubernetes/cmd/kube-apiserver", versioned: true},
		{Name: "kube-controller-manager", Module: "kubernetes", Package: "k8s.io/kubernetes/cmd/kube-controller-manager", versioned: true},
		{Name: "kube-scheduler", Module: "kubernetes", Package: "k8s.io/kubernetes/cmd/kube-scheduler", versioned: true},
		{Name: "kubectl", Module: "kubernetes", Package: "k8s.io/kubernetes/cmd/kubectl", versioned: true},
		{Name: "kwok", Module: "kwok", Package: "sigs.k8s.io/kwok/cmd/kwok"},
		{Name: "coredns", Module: "coredns", Package: "."},
		{Name: "conftest", Module: "conftest", Package: "github.com/open-policy-agent/conftest"},
		{Name: "gatekeeper", Module: "gatekeeper", Package: "github.com/open-policy-agent/gatekeeper/v3"},
		{Name: "opa", Module: "opa", Package: "github.com/open-policy-agent/opa"},
		{Name: "regal", Module: "regal", Package: "github.com/open-policy-agent/regal"},
		{Name: "helm", Module: "helm", Package: "helm.sh/helm/v4/cmd/helm"},
		{Name: "ko", Module: "ko", Package: "github.com/google/ko"},
		{Name: "krew", Module: "krew", Package: "sigs.k8s.io/krew/cmd/krew"},
		{Name: "validate-krew-manifest", Module: "krew", Package: "sigs.k8s.io/krew/cmd/validate-krew-manifest"},
		{Name: "prometheus-operator", Module: "prometheus-operator", Package: "github.com/prometheus-operator/prometheus-operator/cmd/operator"},
		{Name: "gitops-agent", Module: "gitops-engine", Package: "github.com/argoproj/argo-cd/gitops-engine/agent"},
		{Name: "kustomize-controller", Module: "kustomize-controller", Package: "github.com/fluxcd/kustomize-controller"},
		{Name: "rabbitmq-operator", Module: "rabbitmq-operator", Package: "github.com/rabbitmq/cluster-operator/v2/cmd"},
		{Name: "postgres-operator", Module: "postgres-operator", Package: "github.com/zalando/postgres-operator/cmd"},
		{Name: "snapshot-controller", Module: "external-snapshotter", Package: "github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller"},
		{Name: "controller-gen", Module: "controller-gen", Package: "sigs.k8s.io/controller-tools/cmd/controller-gen"},
		{Name: "actionlint", Module: "actionlint", Package: "github.com/rhysd/actionlint/cmd/actionlint"},
		{Name: "golangci-lint", Module: "golangci-lint", Package: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"},
	}
}

// ControlPlane lists the names of the tools that a Cluster needs.
func ControlPlane() []string {
	return []string{
		"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "coredns",
	}
}

// controlPlane reports whether the tool is one of those that form the control
// plane of a Kubernetes version. kubectl only talks to it.
func (t Tool) controlPlane() bool { return t.versioned && t.Name != "kubectl" }

func findTools(names []string) ([]Tool, error) {
	known := make(map[string]Tool)
	for _, tool := range Tools() {
		known[tool.Name] = tool
	}
	var found []Tool
	for _, name := range names {
		tool, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("unknown tool %q; choose from %s", name, strings.Join(toolNames(Tools()), ", "))
		}
		found = append(found, tool)
	}
	return found, nil
}

func toolNames(tools []Tool) []string {
	names := make([]string, len(tools))
	for i, tool := range tools {
		names[i] = tool.Name
	}
	return names
}

func (t Tool) dir(root string) string {
	return filepath.Join(root, "test", "tools", t.Module)
}

// linkFlags returns the value of go build's -ldflags for a build in the folder.
func (t Tool) linkFlags(dir string) (string, error) {
	if !t.versioned {
		return "-s -w", nil
	}
	goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read the version of %s: %w", t.Name, err)
	}
	version, err := requiredVersion(goMod, "k8s.io/kubernetes")
	if err != nil {
		return "", fmt.Errorf("read the version of %s: %w", t.Name, err)
	}
	return kubernetesLinkFlags(version)
}

func kubernetesLinkFlags(version string) (string, error) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) != 3 {
		return "", fmt.Errorf("kubernetes version %q is not of the form v1.2.3", version)
	}
	const pkg = "k8s.io/component-base/version."
	return fmt.Sprintf("-s -w -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s",
		pkg, version, pkg, parts[0], pkg, parts[1]), nil
}

// requiredVersion reads a requirement out of a go.mod file, so that a version
// is written down in one place only.
func requiredVersion(goMod []byte, module string) (string, error) {
	for line := range bytes.Lines(goMod) {
		fields := strings.Fields(strings.TrimPrefix(string(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("go.mod does not require %s; run go get -tool for it there", module)
}
