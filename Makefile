# The project's commands. Each installs what it needs first and is quick when there is nothing to do.
SHELL := /bin/bash
.DEFAULT_GOAL := build
JOBS := $(shell nproc)
PRESET ?= release

.PHONY: build demo test test-asan lint format reference bench check-all install-% configure clean

install-%:
	@tools/install_packages $(subst +, ,$*)

build/%/build.ninja: CMakePresets.json
	@mkdir -p build; cmake --preset $* > build/configure-$*.log 2>&1 || { cat build/configure-$*.log; rm -f build/configure-$*.log; exit 1; }; rm -f build/configure-$*.log

build: install-build+test build/$(PRESET)/build.ninja
	@cmake --build --preset $(PRESET) -j $(JOBS) --target rowhaul

demo: install-build
	@[ -f build/release/build.ninja ] || cmake --preset release -D ROWHAUL_TESTS=$(if $(wildcard /usr/include/gtest/gtest.h),ON,OFF) > /dev/null
	@cmake --build --preset release -j $(JOBS) --target rowhaul
	@rm -rf build/demo
	@build/release/rowhaul demo --folder build/demo

test: install-build+test build/release/build.ninja
	@cmake --preset release -D ROWHAUL_TESTS=ON > /dev/null
	@cmake --build --preset release -j $(JOBS)
	@ctest --test-dir build/release -j $(JOBS) --output-on-failure

# Unit and conformance tests with address and undefined-behaviour sanitizers.
test-asan: install-build+test build/asan/build.ninja
	@cmake --build --preset asan -j $(JOBS)
	@ctest --test-dir build/asan --output-on-failure

lint: install-build+test+lint build/release/build.ninja
	@tools/check_layers
	@tools/check_format
	@tools/check_reference
	@tools/check_tidy

format: install-lint
	@git ls-files '*.h' '*.cc' | xargs clang-format-14 -i

# Writes docs/reference anew from the program.
reference: build
	@build/release/rowhaul reference --write docs/reference

# Side by side with other tools; see bench/README.md.
bench: install-build+test+bench build/release/build.ninja
	@cmake --preset release -D ROWHAUL_BENCHMARKS=ON > /dev/null
	@cmake --build --preset release -j $(JOBS) --target rowhaul bench_file bench_csv bench_expression bench_delay_proxy
	@bench/run

check-all: install-build+test+check test
	@tools/check_all

clean:
	@rm -rf build/release build/debug build/asan build/tsan build/fuzz
