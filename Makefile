# Two commands for everyone: `make demo` and `make test` (root, a fresh Debian 12 or newer). `make help` lists the rest.
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/pytest -q

help:       ## this list
	@sed -n 's/^\([a-z-]*\):.*## */\1\t/p' Makefile | expand -t 20

demo:       ## the main job, live: a mobile node roams while a download and a voice-like stream go on (root, 90 s)
	@tools/setup demo
	@$(BIN)/mip lab demo

test:       ## everything that can be tested on one machine (root)
	@tools/setup test
	@$(MAKE) --no-print-directory check-tools
	$(BIN)/python tools/each_engine.py
	$(BIN)/mip lab demo

test-oracles: ## of these the ones that foreign programs judge: tshark, tcpdump, scapy, openssl, another Linux kernel (root)
	@tools/setup test
	$(PYTEST) -m oracle tests

check:      ## lint, types, import laws, unit and property tests (no root)
	@tools/setup check
	@$(MAKE) --no-print-directory check-tools
	$(PYTEST) -m "not netns and not oracle" tests

check-tools:
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/draw_states.py --check
	$(BIN)/python tools/reference.py --check
	$(BIN)/python tools/requirements.py --check

bench:      ## measure; results in bench/results/*.json (root)
	@tools/setup bench
	$(BIN)/python bench/run.py

bench-dataplane: ## what a tunnel costs: plain forwarding, vxlan, both engines, OpenVPN in turn; a chart in docs/ (root, 40 min)
	@tools/setup bench
	$(BIN)/python -m bench.dataplane

bench-handover: ## what a handover costs a voice call and a fast stream, packet by packet; wireguard-go and OpenVPN too (root, two hours)
	@tools/setup bench
	$(BIN)/python -m bench.handover

fuzz:       ## 10^6 generated inputs over all decoders, 10^5 packets on both paths (root), guided by coverage for a minute
	@tools/setup fuzz
	$(BIN)/python -m tools.fuzz
	$(BIN)/python -m tools.fuzz.encapsulations
	$(BIN)/python -m tools.fuzz.fast_path
	$(BIN)/python -m tools.fuzz --guided 60

requirements: ## each line of the RFCs, its code and its tests: docs/reference/requirements.md and build/requirements.json
	@tools/setup check
	$(BIN)/python tools/requirements.py

requirements-break: ## break each line of code that cites a requirement: its tests have to fail
	@tools/setup check
	$(BIN)/python tools/requirements_break.py

soak:       ## what takes long: 10^6 simulated handovers under faults (bench/results/soak.json), every cited line broken
	@tools/setup check
	$(BIN)/python tools/soak.py
	@$(MAKE) --no-print-directory requirements-break

mutation:   ## change each line of the security rules and validity checks: their tests have to fail (3 min)
	@tools/setup mutation
	$(BIN)/python tools/mutation.py

bpf:        ## compile bpf/ to src/mobileip/linux/bpf/mobileip.bpf.o: after a change of it, with the compiler in bpf/COMPILER
	@tools/setup test
	tools/bpf

docs:       ## the documentation as HTML in build/docs
	@tools/setup docs
	$(BIN)/sphinx-build -q -W -b html docs build/docs
	@echo build/docs/index.html

clean:      ## remove what was built
	rm -rf build dist .mypy_cache .ruff_cache .hypothesis .coverage

.PHONY: help demo test test-oracles check check-tools bench bench-dataplane bench-handover fuzz requirements requirements-break soak mutation bpf docs clean
