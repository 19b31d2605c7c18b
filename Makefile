# SPDX-License-Identifier: MPL-2.0
# Each verb installs what it misses (scripts/setup.sh) and can be run first on a fresh machine. `make help` lists them.

PREFIX ?= /usr/local
# Debian's own place below PREFIX, such as lib/x86_64-linux-gnu, where GStreamer says that its libraries lie.
LIBDIR ?= $(PREFIX)/$(or $(shell pkg-config --define-variable=prefix=. --variable=libdir gstreamer-1.0 2>/dev/null | sed 's|.*/lib|lib|'),lib)
DATADIR ?= $(PREFIX)/share
DESTDIR ?=

export BUILD_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
RELEASE := $(BUILD_DIR)/release
LIBRARY := libonnxruntime.so.1.28.0
PYTHON := .venv/bin/python
# Tests see the ONNX Runtime of the build, and a registry of their own.
TEST_ENV := ORT_DYLIB_PATH=$(RELEASE)/$(LIBRARY) GST_REGISTRY=$(BUILD_DIR)/registry.bin GST_PLUGIN_PATH=$(RELEASE)
PLUGINS := $(DESTDIR)$(LIBDIR)/gstreamer-1.0
BUNDLED := lite lite-perceptual base
PRESETS := $(DESTDIR)$(DATADIR)/gstreamer-1.0/presets
MODELS := $(DESTDIR)$(DATADIR)/ud2mrestore/models

.PHONY: help build demo test test-models check bench install clean setup
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup:
	@scripts/setup.sh system python runtime

build: setup ## the plugin, target/release/libgstud2m.so, with ONNX Runtime beside it
	cargo build --release --locked --lib

demo: build ## restores a damaged clip four ways: videos and a picture in demo/
	@$(PYTHON) scripts/demo.py --plugin-path $(RELEASE) --out demo

test: build ## every test that needs no PyTorch: Rust, Python, the pipelines of the documents
	rm -f $(BUILD_DIR)/registry.bin
	$(TEST_ENV) gst-inspect-1.0 ud2mrestore >/dev/null
	$(TEST_ENV) G_DEBUG=fatal-warnings cargo test --locked --all-targets
	$(TEST_ENV) G_DEBUG=fatal-warnings cargo test --locked --doc
	$(TEST_ENV) $(PYTHON) -m pytest -q tests/python

test-models: build ## the tests of models/, with PyTorch (a download of some GB the first time)
	@scripts/setup.sh system torch
	$(TEST_ENV) $(PYTHON) -m pytest -q models/tests

check: setup ## formatting and lints, Rust and Python
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --lib
	.venv/bin/ruff check
	.venv/bin/ruff format --check

bench: build ## how long the parts of a frame take
	$(TEST_ENV) cargo bench --locked

install: ## after make build, into PREFIX (/usr/local): plugin, ONNX Runtime beside it, presets, models; DESTDIR for packagers
	@test -f $(RELEASE)/libgstud2m.so || { echo "There is nothing to install yet: run make build first." >&2; exit 1; }
	install -d $(PLUGINS) $(PRESETS)
	install -m 755 $(RELEASE)/libgstud2m.so $(PLUGINS)/
	install -m 644 $(RELEASE)/$(LIBRARY) $(PLUGINS)/
	install -m 644 src/ud2mrestore/properties/presets/GstUd2mRestore.prs $(PRESETS)/
	cd models/zoo && find $(BUNDLED) -type f \( -name '*.onnx' -o -name weights.bin -o -name README.md \) -exec install -D -m 644 {} $(MODELS)/{} \;
	@pkg-config --variable=pluginsdir gstreamer-1.0 | grep -qxF "$(LIBDIR)/gstreamer-1.0" || \
	  echo "GStreamer does not look there by itself: export GST_PLUGIN_PATH=$(LIBDIR)/gstreamer-1.0"

clean: ## removes what was built and the demo; .venv and .cache (downloads) stay
	cargo clean
	rm -rf demo
