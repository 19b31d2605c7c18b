#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints every variable without which something that `make install` installed is not found:
#   packaging/exports.sh PREFIX LIBDIR DATADIR
# It prints nothing where all of it lies where GStreamer, the plugin and the shell look themselves.
set -euo pipefail
prefix=$1 libdir=$2 datadir=$3

of_gstreamer() { realpath -m "$(pkg-config "--variable=$1" gstreamer-1.0)"; }
is() { [ "$(realpath -m "$1")" = "$(realpath -m "$2")" ]; }
# among FOLDER CANDIDATE…: whether it is one of them
among() {
    local folder=$1 candidate
    shift
    for candidate in "$@"; do
        is "$folder" "$candidate" && return
    done
    return 1
}

exports=()
# add VARIABLE VALUE [LITERAL]: what the shell shall not read in VALUE is quoted, LITERAL is not
add() { exports+=("export $1=$(printf %q "$2")${3-}"); }

case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) add PATH "$prefix/bin" ':$PATH' ;;
esac
is "$libdir/gstreamer-1.0" "$(of_gstreamer pluginsdir)" ||
    add GST_PLUGIN_PATH "$libdir/gstreamer-1.0"
is "$datadir" "$(of_gstreamer prefix)/share" ||
    add GST_PRESET_PATH "$datadir/gstreamer-1.0/presets"
# Where plugin and command look for models and ONNX Runtime: src/model/package.rs.
among "$datadir" /usr/share /usr/local/share ||
    { is "$datadir" "$prefix/share" && among "$datadir" "$libdir"/../{share,../share}; } ||
    add UD2M_MODEL_PATH "$datadir/ud2mrestore/models"
among "$libdir" "$prefix"/{"lib/$(uname -m)-linux-gnu",lib64,lib} ||
    add ORT_DYLIB_PATH "$(echo "$libdir"/gstreamer-1.0/libonnxruntime.so.*)"

[ ${#exports[@]} = 0 ] && exit
echo "For this to be found, set:"
printf '%s\n' "${exports[@]}"
