# Every target needs only Go, make and git. Other tools are built once, from Go modules, into bin/.

BIN := bin
GO_TEST := go test -timeout 45m
# A number of inputs, not a time: with a time limit Go's fuzzer sometimes fails at the end ("context deadline exceeded").
FUZZ_INPUTS := 1000x
BENCH_TIME := 1s
BENCH_MANIFESTS := 1000
BENCH_ALONE :=
CONTEST_ROUNDS := 3
CONTEST_TIME := 2s
ROLLOUTS := 50
PLANS := 1000
SCENARIOS := 20000
VERSIONS := 1.34,1.35,1.36
N := 100000
SEED := 1000000
# One run for each package: in one run, two packages with one API group make two versions of each kind.
API_PACKAGES := guardrails/v1alpha1 confirmations
crds = for package in $(API_PACKAGES); do $(BIN)/controller-gen crd paths=./policies/$$package output:crd:dir=$(1) || exit 1; done
GO_FILES_FOLDERS := certs cmd policies test webhook
# Modules with dependencies that only tests need.
MODULES := test/automation test/bench/check test/bench/contest test/browser test/certmanager test/chart test/forecast test/manifests test/oci test/release test/tools/coredns

.DEFAULT_GOAL := help

# What compiles begins here: one sentence says what is missing, instead of the many lines of the go command.
.PHONY: ready
ready:
	@for tool in go git; do command -v $$tool > /dev/null || { echo "error: $$tool is not in the PATH: install Go 1.26 and git, and run make again"; exit 1; }; done
	@go list -m > /dev/null
	@said=$$(go mod download 2>&1) || { echo "error: the Go modules cannot be downloaded: check the network and \`go env GOPROXY\`, and run make again ($$(echo "$$said" | head -n 1))"; exit 1; }

##@ Use

.PHONY: run
run: ready $(if $(STEP),,overview) ## Start a real control plane guarded by Stateward and walk through the StatefulSet tutorial (STEP=4: begin with part 4; ONCE=1: exit at the end)
	@echo 'compiling the tour (minutes the first time)'
	@go run ./test/tour/run $(if $(ONCE),-once) $(if $(STEP),-step $(STEP))

# The first words come before anything is compiled.
.PHONY: overview
overview:
	@cat test/tour/overview.txt && echo

.PHONY: build
build: ready ## Build bin/stateward, a static binary
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -ldflags "-s -w" -o $(BIN)/stateward ./cmd/stateward

##@ Test

.PHONY: test
test: control-plane test-conftest test-go test-cert-manager test-forecast test-automation-quick ## Run all tests: Go, Rego with coverage, examples, conftest, cert-manager, forecasts, Helm and operators, end to end on a real control plane

.PHONY: test-unit
test-unit: ready ## Run the tests that need no control plane (a minute)
	go test ./certs/... ./cmd/... ./policies/... ./webhook/... ./test/architecture ./test/bench ./test/tour/...

export RULE :=
.PHONY: test-rule
test-rule: ready ## Run the Rego tests and the examples of one built-in rule (RULE=quorum; seconds)
	@folder=$$(echo "$$RULE" | grep -Eqx '[a-z0-9-]+' && ls -d policies/rules/*/$$RULE policies/mutations/$$RULE 2> /dev/null); \
	test -n "$$folder" || { echo "error: unknown RULE=$$RULE: use the name of a folder in policies/rules/*/ or policies/mutations/, such as RULE=quorum"; exit 1; }; \
	go run ./test/cluster/build opa && $(BIN)/opa test policies --ignore "*.yaml,*.json,*.plan" -r "[.\"]$${RULE}_test"
	@go test ./cmd/internal/ruletest -run TestExamplesPassOrFailAsTheirFolderSays -args -rule $(RULE)

.PHONY: control-plane
control-plane: ready ## Build the programs that the tests start: Kubernetes, etcd, kwok, CoreDNS, conftest, Helm, ko, OPA (minutes the first time)
	@echo 'compiling the builder (a minute the first time)'
	@go run ./test/cluster/build
	@go run ./test/cluster/build conftest helm ko opa

.PHONY: test-conftest
test-conftest: ready ## Run the Rego tests with conftest
	@go run ./test/cluster/build conftest
	$(BIN)/conftest verify -p policies

.PHONY: test-go
test-go: ready ## Run the Go tests, which include the Rego tests
	$(GO_TEST) ./...
	go test -C test/chart -timeout 30m ./...
	go test -C test/bench/contest -timeout 30m ./...
	go test -C test/manifests -timeout 30m ./...
	go test -C test/oci -timeout 30m ./...

.PHONY: test-release
test-release: ready ## Test the release machinery: binaries, images and chart of two runs are the same (minutes)
	@go run ./test/cluster/build helm ko krew validate-krew-manifest
	go test -C test/release -timeout 30m ./...

.PHONY: test-cert-manager
test-cert-manager: ready ## Test certificate issuance, renewal and CA rotation with cert-manager's own controllers
	cd test/certmanager && $(GO_TEST) ./...

# The tests run a webhook that the cache of go test does not know, so -count=1.
AUTOMATION_QUICK := calls gitops helm prometheus
AUTOMATION_QUICK_TOOLS := gitops-agent helm prometheus-operator

.PHONY: test-automation
test-automation: control-plane ## Run Helm, GitOps tools and operators behind Stateward (builds each program the first time)
	@go run ./test/cluster/build $(AUTOMATION_QUICK_TOOLS) kustomize-controller postgres-operator rabbitmq-operator snapshot-controller
	cd test/automation && $(GO_TEST) -count=1 ./...

.PHONY: test-automation-quick
test-automation-quick: control-plane ## Run the quick half of test-automation, which is part of `make test`
	@go run ./test/cluster/build $(AUTOMATION_QUICK_TOOLS)
	cd test/automation && $(GO_TEST) -count=1 $(addprefix ./,$(AUTOMATION_QUICK))

.PHONY: test-browser
test-browser: ready ## Open the pages of `-o html` in headless Chromium (installs Debian's package as root where there is none)
	@cd test/browser && go run ./install
	cd test/browser && $(GO_TEST) ./...

.PHONY: test-forecast
test-forecast: ready ## Compare forecasts with the code of the StatefulSet controller, on SCENARIOS random scenarios
	cd test/forecast && $(GO_TEST) ./... -args -scenarios $(SCENARIOS)

.PHONY: forecast-fuzz
forecast-fuzz: ready ## Compare N more scenarios, beginning with SEED (N=1000000 takes hours)
	cd test/forecast && go test -timeout 0 -run TestForecastEqualsController -v . -args -scenarios $(N) -seed $(SEED)

# Building and testing a version takes most of an hour, so `make test` does not include it.
.PHONY: test-versions
test-versions: ready ## Run tour, end-to-end tests, exported policies and forecasts on Kubernetes VERSIONS; writes test/versions (an hour for each; AGAIN=1: only what failed)
	@go run ./test/versions -versions "$(VERSIONS)" $(if $(AGAIN),-again)

.PHONY: forecast-versions
forecast-versions: ready ## Compare only forecasts with the controllers of Kubernetes VERSIONS; writes test/versions (8 minutes for each)
	@go run ./test/versions -versions "$(VERSIONS)" -scenarios $(SCENARIOS) -forecasts

.PHONY: test-rego
test-rego: ready ## Run only the Rego tests, with coverage
	$(GO_TEST) ./cmd/internal/ruletest -run 'TestRego' -v

# New inputs differ at each run, so they are no part of `make test`, which runs all seeds: what they find is seldom of the
# change that is tested.
.PHONY: fuzz
fuzz: ready ## Try new inputs on each fuzz target: FUZZ_INPUTS is a number such as 1000x, or a time
	@for module in . test/oci; do \
		go test -C $$module -list '^Fuzz' ./... | awk -v module=$$module '/^Fuzz/ {targets[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print module, $$2, targets[i]; n = 0}'; \
	done | while read -r module package target; do \
		echo "fuzzing $$target of $$package with $(FUZZ_INPUTS)"; \
		go test -C $$module -run NONE -fuzz "^$$target\$$" -fuzztime $(FUZZ_INPUTS) -fuzzminimizetime 10x "$$package" || exit 1; \
	done

.PHONY: soak
soak: ready ## Replace all replicas ROLLOUTS times under 200 requests per second, then kill one, hang one and open 5,000 lying connections (25 minutes); make PLANS changes come true (an hour)
	go test -tags soak ./test/availability -run 'Rollouts|Killed|HangingNode|MisbehavingConnections' -rollouts $(ROLLOUTS) -timeout 3h -v
	go test ./test/e2e -run TestPlansOfALiveClusterMatchReality -timeout 5h -v -args -plans $(PLANS)

.PHONY: bench
bench: ready ## Compare the webhook with OPA, Gatekeeper and ValidatingAdmissionPolicy; writes test/bench/contest/RESULTS.md (20 minutes)
	@go run -C test/bench/contest . -rounds $(CONTEST_ROUNDS) -time $(CONTEST_TIME)

.PHONY: bench-decisions
bench-decisions: ready ## Measure decisions against a webhook that decides nothing
	go test ./test/bench -run NONE -bench . -benchtime $(BENCH_TIME)

.PHONY: bench-check
bench-check: ready ## Compare allocations and steps of decisions with the baseline (UPDATE=1: write the baseline)
	go test ./test/bench -run Allocations $(if $(UPDATE),-update)
	go test ./policies/engine -run Steps $(if $(UPDATE),-update)

.PHONY: bench-validators
bench-validators: ready ## Compare `stateward check` with other validators (minutes; BENCH_MANIFESTS=1000,10000; BENCH_ALONE=100000: stateward only)
	@go run ./test/cluster/build conftest
	@go run -C test/bench/check . -root ../../.. -manifests $(BENCH_MANIFESTS) $(if $(BENCH_ALONE),-alone $(BENCH_ALONE))

.PHONY: bench-growth
bench-growth: ready ## Measure how decision time grows with rules, object size and cluster size; writes test/bench/growth (2 minutes)
	go run ./test/bench/growth

.PHONY: bench-memory
bench-memory: ready ## Measure memory with 1,000 and 10,000 StatefulSets in a real API server; writes test/bench/memory/RESULTS.md (15 minutes)
	go run ./test/bench/memory

.PHONY: bench-audit
bench-audit: ready ## Measure audits of 10,000 StatefulSets in a real API server; writes test/bench/audit/RESULTS.md (an hour)
	go run ./test/bench/audit

.PHONY: bench-decision-log
bench-decision-log: ready ## Measure what the decision log takes at 200 requests a second from a real API server; writes test/bench/decisionlog/RESULTS.md (7 minutes)
	go run ./test/bench/decisionlog

.PHONY: bench-install
bench-install: ready ## Measure the time from `kubectl apply -k` to the first denial on a real control plane (minutes)
	go run ./test/bench/install

##@ Maintenance

.PHONY: tour-record
tour-record: ready ## Record the output of the tour on a real control plane, and draw its picture
	go run ./test/tour/run -once -record test/tour/recorded.txt
	go test ./test/tour -run TestOverviewMatchesTheSteps -update
	go run ./test/tour/picture

.PHONY: generate
generate: lint-tools ## Regenerate derived files: catalogue, program, READMEs, registration, RBAC, CRD, overlays, chart
	$(call crds,manifests/base/crds)
	for package in $(API_PACKAGES); do $(BIN)/controller-gen object paths=./policies/$$package || exit 1; done
	go test ./policies -run TestBuiltInCatalogueIsCurrent -update
	go test ./policies/engine -run TestBuiltInProgramIsCurrent -update
	go test ./cmd/internal/generate -run 'TestGeneratedFilesAreCurrent|TestTablesOfThePagesAreCurrent' -update
	go test ./test/tour -run TestOverviewMatchesTheSteps -update
	go run ./test/tour/picture
	@$(MAKE) --no-print-directory manifests

.PHONY: manifests
manifests: ready ## Regenerate manifests/rendered, one YAML file per overlay, and the templates of the Helm chart
	go test ./cmd/internal/generate -run 'TestRenderedManifestsAreCurrent|TestTemplatesOfTheChartAreCurrent' -update

.PHONY: entrypoints
entrypoints: control-plane ## Try each kind of loss at each entry point of a real API server, and write test/entrypoints/README.md (minutes)
	$(GO_TEST) ./test/entrypoints -count=1 -update

.PHONY: golden
golden: ready ## Update golden files; review the diff
	go test ./cmd/internal/cli ./cmd/internal/report ./webhook/admission -update

.PHONY: fmt
fmt: lint-tools ## Format Go and Rego
	gofmt -w $(GO_FILES_FOLDERS)
	$(BIN)/opa fmt -w policies

.PHONY: lint
lint: lint-tools ## Check style, workflows and the generated CRD: go vet, golangci-lint, opa fmt, opa check --strict, regal, actionlint
	go vet ./...
	go vet -tags soak ./test/availability
	$(BIN)/golangci-lint run
	@for module in $(MODULES); do echo "golangci-lint in $$module"; (cd $$module && $(CURDIR)/$(BIN)/golangci-lint run) || exit 1; done
	@test -z "$$($(BIN)/opa fmt -l policies)" || { $(BIN)/opa fmt -d policies; echo 'run `make fmt`'; exit 1; }
	$(BIN)/opa check --strict policies
	$(BIN)/regal lint policies --config-file policies/.regal/config.yaml
	$(BIN)/actionlint -shellcheck= -pyflakes=
	@made=$$(mktemp -d) && { $(call crds,$$made); } && diff -r manifests/base/crds $$made || { echo 'run `make generate`'; exit 1; }
	@for package in $(API_PACKAGES); do \
		$(BIN)/controller-gen object paths=./policies/$$package output:object:stdout | diff policies/$$package/zz_generated.deepcopy.go - || { echo 'run `make generate`'; exit 1; }; \
	done

.PHONY: lint-tools
lint-tools: ready
	@go run ./test/cluster/build opa regal golangci-lint controller-gen actionlint

.PHONY: clean
clean: ## Delete bin/
	rm -rf $(BIN)

##@ Release

VERSION := v0.0.0-dev
REGISTRY :=

.PHONY: release-dry-run
release-dry-run: ready ## Build everything that a release publishes into dist/, with a registry inside the process
	go run -C test/release . -version $(VERSION)

.PHONY: release
release: ready ## Build a release and push its image and chart (VERSION=v1.2.3 REGISTRY=ghcr.io/OWNER)
	@test -n "$(REGISTRY)" || { echo 'error: set REGISTRY, for example REGISTRY=ghcr.io/OWNER'; exit 1; }
	go run -C test/release . -version $(VERSION) -registry $(REGISTRY)

##@ Help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
