# For a Makefile of yours: `include stateward.mk`, then `make stateward`.
MANIFESTS ?= manifests
STATEWARD ?= go run github.com/stateward/stateward/cmd/stateward@latest
# A revision, as origin/main, judges only what changes.
BASELINE ?=

.PHONY: stateward
stateward: ## Judge the StatefulSets in MANIFESTS
	$(STATEWARD) check $(if $(BASELINE),--baseline $(BASELINE)) -- $(MANIFESTS)
