#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Packs what `make install` put below STAGE with PREFIX=/usr into a package for apt:
#   packaging/deb.sh STAGE OUT
# Debian's own tools do it: dpkg-shlibdeps finds the packages of the libraries, dpkg-deb packs.
set -euo pipefail
stage=$(realpath "$1") out=$2
cd "$(dirname "$0")/.."

NAME=gst-plugin-ud2m
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
machine=$(dpkg --print-architecture)
notices=$stage/usr/share/doc/$NAME

fail() { printf 'deb: %s\n' "$*" >&2; exit 1; }
for tool in dpkg-shlibdeps dpkg-deb; do
    command -v $tool >/dev/null ||
        fail "$tool is missing: install dpkg-dev on Debian or Ubuntu, then run this again."
done

# shared_libraries FILE…: the packages that hold what the files are linked with.
shared_libraries() {
    local scratch
    scratch=$(mktemp -d)
    mkdir "$scratch/debian"
    # dpkg-shlibdeps wants the control file of a source package.
    printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' $NAME $NAME >"$scratch/debian/control"
    (cd "$scratch" && dpkg-shlibdeps -O "$@" 2>warnings || { cat warnings >&2; exit 1; }) |
        sed -n 's/^shlibs:Depends=//p'
    rm -rf "$scratch"
}

mapfile -t linked < <(find "$stage/usr/bin" "$stage/usr/lib" -type f)
depends=$(shared_libraries "${linked[@]}")

{
    printf 'Files: *\nCopyright: the contributors of %s\nLicense: MPL-2.0\n\n' $NAME
    printf 'What is linked in, and ONNX Runtime: THIRD-PARTY.txt in this folder.\n\n'
    cat LICENSE
} >"$notices/copyright"

mkdir -p "$stage/DEBIAN" "$out"
cat >"$stage/DEBIAN/control" <<END
Package: $NAME
Version: $version
Architecture: $machine
Maintainer: The maintainers of $NAME
Section: video
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$stage" | cut -f1)
Depends: $depends, libgstreamer1.0-0 (>= 1.22), gstreamer1.0-plugins-base,
 gstreamer1.0-plugins-good
Recommends: gstreamer1.0-tools, gstreamer1.0-plugins-bad, gstreamer1.0-plugins-ugly,
 gstreamer1.0-libav
Description: GStreamer video filter and command that restore degraded video
 The filter ud2mrestore undoes blur, noise, scratches, downscaling and JPEG
 compression with a small diffusion network. This package holds the filter, the
 command ud2m, the presets, the models, and ONNX Runtime.
END
file=$out/${NAME}_${version}_$machine.deb
# Weights hardly shrink: xz takes a hundred times as long and saves a seventh.
dpkg-deb --root-owner-group -Zzstd -z3 --build "$stage" "$file" >/dev/null
echo "$file"
