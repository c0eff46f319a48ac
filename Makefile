# What people type; the work is done by CMake presets and Ninja.
.PHONY: help setup build deb run test bench quality quality-short fuzz format format-check docs check-deep clean

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what this machine lacks
	@tools/setup

build: setup ## the release binary, build/release/weir
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target weir

deb: setup ## the Debian package, build/weir_VERSION_ARCH.deb
	@cmake --preset deb >/dev/null
	@cmake --build --preset deb -j $(JOBS) --target weir weir_docs
	@tools/deb build/deb build

run: build ## the demo: a bundled sample through the whole chain
	@build/release/weir demo

test: setup ## build everything and run all tests
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS)
	@ctest --test-dir build/dev --output-on-failure -j $(JOBS) --no-tests=error

bench: setup ## run the benchmarks; one JSON line a case
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@for b in build/release/bench/bench_*; do [ -x $$b ] && $$b || exit 1; done
	@tools/bench_detect_loads build/release

quality: setup ## how good the detection is on generated data with known truth, some minutes
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target quality
	@bench/quality/quality.py --jobs $(JOBS)

quality-short: setup ## the same in less than a minute, against the recorded floors
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target quality
	@bench/quality/quality.py --jobs $(JOBS) --short --check

fuzz: setup ## each fuzz target for FUZZ_SECONDS (30) from its seeds
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tools/fuzz $(FUZZ_SECONDS)

format: ## format the whole tree
	@git ls-files '*.c' '*.h' '*.cpp' | xargs clang-format-14 -i

format-check: ## say what `make format` would change
	@git ls-files '*.c' '*.h' '*.cpp' | xargs clang-format-14 --dry-run --Werror

docs: setup ## write the reference pages that the tables in the code hold
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev -j $(JOBS) --target weir_docs weir
	@tools/docs build/dev

check-deep: ## clang, ThreadSanitizer, static analysis, coverage, fuzzing
	@tools/check-deep

clean: ## remove what was built
	@rm -rf build
