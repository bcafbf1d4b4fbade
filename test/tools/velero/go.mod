module github.com/stateward/stateward/test/tools/velero

go 1.26.8

// The end-to-end tests apply its CustomResourceDefinition of Backups.
require github.com/vmware-tanzu/velero v1.18.3
