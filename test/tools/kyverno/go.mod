module github.com/stateward/stateward/test/tools/kyverno

go 1.26.8

// The end-to-end tests apply its CustomResourceDefinitions of wgpolicyk8s.io, whose own project is no Go module.
require github.com/kyverno/kyverno v1.19.1
