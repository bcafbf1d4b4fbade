module github.com/stateward/stateward/test/tools/openreports

go 1.26.8

// The end-to-end tests apply its CustomResourceDefinitions.
require github.com/openreports/reports-api v0.2.1
