module github.com/stateward/stateward/test/tools/external-snapshotter

go 1.26.8

// The end-to-end tests apply its CustomResourceDefinitions.
require github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0
