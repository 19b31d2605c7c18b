# SPDX-License-Identifier: MPL-2.0
"""The .deb and `make install` put everything where it is found, or print what else it takes."""

import re
import shutil

import pytest
from packed import assert_restores, make, noisy, roughness, run


def test_the_deb_names_its_packages_and_restores_where_it_is_unpacked(tmp_path):
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is missing: a .deb is made on Debian and Ubuntu only")
    make("deb", tmp_path, "BUNDLED=lite")
    (file,) = (tmp_path / "dist").glob("*.deb")
    depends = run("dpkg-deb", "--field", file, "Depends", folder=tmp_path).stdout
    for package in ("libc6", "libgstreamer1.0-0", "gstreamer1.0-plugins-base"):
        assert re.search(rf"\b{re.escape(package)}\b", depends), depends
    root = tmp_path / "root"
    assert run("dpkg-deb", "--extract", file, root, folder=tmp_path).returncode == 0
    assert (root / "usr/share/gstreamer-1.0/presets/GstUd2mRestore.prs").is_file()
    assert (root / "usr/share/doc/gst-plugin-ud2m/copyright").is_file()
    assert (root / "usr/share/doc/gst-plugin-ud2m/THIRD-PARTY.txt").is_file()
    assert_restores(root / "usr/bin/ud2m", tmp_path)


@pytest.mark.parametrize(
    "folders",
    [(), ("LIBDIR={}/plug/ins", "DATADIR={}/data")],
    ids=["prefix", "prefix-and-folders"],
)
def test_install_prints_every_variable_that_another_prefix_takes(tmp_path, folders):
    prefix = tmp_path / "prefix"
    variables = [f"PREFIX={prefix}", "BUNDLED=lite", *(f.format(prefix) for f in folders)]
    exports = re.findall(r"^export .+$", make("install", tmp_path, *variables), re.MULTILINE)
    picture = noisy(tmp_path)
    script = (
        "command -v ud2m; ud2m restore noisy.png by-command.png --task denoise --steps 1\n"
        f"gst-launch-1.0 -q filesrc location={picture} ! pngdec ! videoconvert ! ud2mrestore "
        "@preset=noisy-camera steps=1 ! videoconvert ! pngenc ! filesink location=by-filter.png"
    )
    done = run("bash", "-euc", "\n".join([*exports, script]), folder=tmp_path)
    assert done.returncode == 0, f"{exports}\n{done.stdout}{done.stderr}"
    assert done.stdout.splitlines()[0] == f"{prefix}/bin/ud2m"
    for name in ("by-command.png", "by-filter.png"):
        assert roughness(tmp_path / name) < roughness(picture)
