#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# The benchmark on a host that has neither network nor packages, in less than four minutes.
#   bench.sh pack BUNDLE            where the project was built: adds what the benchmark needs
#   bench.sh run BUNDLE [PROVIDER [OPTION…]]  on the host: cuda (or cpu); options of bench/run.py
#                                   it writes BUNDLE/performance.md
#
# BUNDLE is a folder with GStreamer and the plugin (bin/gst-launch-1.0, bin/gst-plugin-scanner, lib,
# lib/gstreamer-1.0) and ONNX Runtime (ort/libonnxruntime.so.1, its providers beside it). CUDA and
# cuDNN are the host's, or lie in Python's packages `nvidia`. The host needs Python 3.11 or later,
# without packages. Once packed, the bundle holds this script: PROJECT is its copy of the project.
set -euo pipefail

fail() { printf 'bench: %s\n' "$*" >&2; exit 1; }
[ $# -ge 2 ] || fail "say what to do: pack BUNDLE, or run BUNDLE [cuda|cpu]."
verb=$1 bundle=$(realpath "$2") provider=${3:-cuda}
[ -x "$bundle/bin/gst-launch-1.0" ] || fail "$bundle/bin/gst-launch-1.0 is missing: make a bundle."
project=$bundle/project

pack() {
    cd "$(dirname "$0")/../.."
    local network=${NETWORK:-target/release/examples/bench-network} model
    [ -x "$network" ] || fail "$network is missing: run
cargo build --release --locked --example bench-network"
    mkdir -p "$project/scripts/bench" "$project/scripts/gpu"
    cp scripts/bench/*.py "$project/scripts/bench/"
    cp scripts/gpu/bench.sh "$project/scripts/gpu/"
    cp "$network" "$bundle/bin/bench-network"
    for model in lite tiny base; do
        mkdir -p "$project/models/zoo/$model"
        cp models/zoo/$model/*.onnx models/zoo/$model/step*.safetensors \
            "$project/models/zoo/$model/"
    done
    .venv/bin/python -c "import sys; sys.path.insert(0, 'scripts/bench')
import pathlib, run; run.make_matmul(pathlib.Path('$project'))"
    echo "bench: $bundle is packed: run project/scripts/gpu/bench.sh run BUNDLE there."
}

# Folders with CUDA's libraries in Python's packages, joined by colons.
cuda_libraries() {
    python3 - <<'EOF'
import glob, importlib.util as u
found = u.find_spec("nvidia")
roots = list(found.submodule_search_locations) if found else []
print(":".join(f for r in roots for f in sorted(glob.glob(f"{r}/*/lib"))))
EOF
}

run() {
    local cuda
    cuda=$(cuda_libraries)
    export GST_PLUGIN_SYSTEM_PATH=$bundle/lib/gstreamer-1.0 GST_PLUGIN_PATH=
    export GST_PLUGIN_SCANNER=$bundle/bin/gst-plugin-scanner GST_REGISTRY=$bundle/registry.bin
    export ORT_DYLIB_PATH=$bundle/ort/libonnxruntime.so.1 ORT_DISABLE_TELEMETRY=1
    exec python3 "$project/scripts/bench/run.py" --plan gpu --minutes 3.4 --seconds 1 \
        --provider "$provider" --gst-launch "$bundle/bin/gst-launch-1.0" \
        --network "$bundle/bin/bench-network" --matmul "$project/matmul.onnx" \
        --library-path "$bundle/lib${cuda:+:$cuda}" --out "$bundle/performance.md" "${@:4}"
}

case $verb in
    pack | run) $verb "$@" ;;
    *) fail "'$verb' is unknown: pack BUNDLE, or run BUNDLE [cuda|cpu]." ;;
esac
