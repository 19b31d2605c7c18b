# SPDX-License-Identifier: MPL-2.0
"""The wheel holds what it should, and works in a virtual environment with nothing to configure."""

import base64
import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packed import ROOT, assert_restores, make, noisy, release, roughness, run

ZOO = ROOT / "models/zoo"
C_LIBRARY = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    make("wheel", folder)
    (file,) = (folder / "dist").iterdir()
    return file


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    """A virtual environment with the wheel, and ONNX Runtime where its package has it."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin/python")
    done = run(*pip, "install", "--no-deps", "--no-index", wheel, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "onnxruntime/capi").mkdir(parents=True)
    (packages / "onnxruntime/__init__.py").write_text("raise ImportError('only looked at')\n")
    (library,) = release().glob("libonnxruntime.so.*")
    (packages / "onnxruntime/capi" / library.name).symlink_to(library)
    return folder


def test_the_wheel_holds_models_for_cpus_and_the_notices_and_no_runtime(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (record,) = (name for name in names if name.endswith(".dist-info/RECORD"))
        info = record.removesuffix("/RECORD")
        models = "ud2mrestore/share/ud2mrestore/models/"
        kinds = ("*.onnx", "step*.safetensors", "README.md")
        files = [f for m in ("lite", "tiny") for kind in kinds for f in (ZOO / m).glob(kind)]
        assert {n for n in names if n.startswith(models)} == {
            f"{models}{f.relative_to(ZOO)}" for f in files
        }
        assert f"{info}/licenses/LICENSE" in names
        assert b"ONNX Runtime" in archive.read(f"{info}/licenses/THIRD-PARTY.txt")
        assert not [name for name in names if "onnxruntime" in name]
        for name, digest, size in csv.reader(archive.read(record).decode().splitlines()):
            if name != record:
                data = archive.read(name)
                found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                assert digest == f"sha256={found.decode()}" and int(size) == len(data), name
            names.discard(name)
        assert not names, "not in RECORD"


def test_what_the_wheel_says_of_itself_names_no_folder_of_this_machine(wheel):
    with zipfile.ZipFile(wheel) as archive:
        texts = {n: archive.read(n).decode() for n in archive.namelist() if ".dist-info/" in n}
        texts |= {n: archive.read(n).decode() for n in archive.namelist() if n.endswith(".py")}
    for name, text in texts.items():
        assert str(ROOT) not in text and str(Path.home()) not in text, name
    told = "".join(text for name, text in texts.items() if name.endswith(("METADATA", "/WHEEL")))
    assert re.search(r"^Requires-Dist: onnxruntime>=1\.\d+$", told, re.MULTILINE)
    tag = re.search(r"^Tag: (py3-none-manylinux_2_(\d+)_\w+)$", told, re.MULTILINE)
    assert tag and wheel.name.endswith(f"{tag[1]}.whl")
    assert int(tag[2]) <= int(os.confstr("CS_GNU_LIBC_VERSION").split(".")[1])


def test_the_same_build_packs_the_same_wheel(wheel, tmp_path):
    make("wheel", tmp_path)
    assert (tmp_path / "dist" / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_installed_command_restores_with_nothing_to_configure(site, tmp_path):
    assert_restores(site / "bin/ud2m", tmp_path)


def test_gstreamer_finds_filter_models_and_presets_by_what_the_package_prints(site, tmp_path):
    picture, out = noisy(tmp_path), tmp_path / "restored.png"
    script = (
        f'eval "$({site}/bin/python -m ud2mrestore)"; gst-launch-1.0 -q filesrc location={picture} '
        "! pngdec ! videoconvert ! ud2mrestore @preset=noisy-camera steps=1 ! videoconvert "
        f"! pngenc ! filesink location={out}"
    )
    done = run("bash", "-euc", script, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert roughness(out) < 0.3 * roughness(picture)


def python(site: Path, folder: Path, code: str) -> subprocess.CompletedProcess:
    return run(site / "bin/python", "-c", f"from ud2mrestore import command\n{code}", folder=folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('command.LIBRARIES = ("libgstmissing-1.0.so.0",)', ["cannot be opened", "libgstmissing"]),
        ("command.OLDEST = (99, 0)", ["is too old"]),
    ],
)
def test_a_gstreamer_that_is_missing_or_old_ends_in_what_to_install(site, tmp_path, change, words):
    done = python(site, tmp_path, f"{change}\ncommand.main()")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    for word in (*words, "ud2m: ", "apt install gstreamer1.0-plugins-good"):
        assert word in done.stderr


def test_a_missing_runtime_ends_in_what_to_install(site, tmp_path):
    (packages,) = site.glob("lib/python*/site-packages")
    shutil.copytree(packages / "ud2mrestore", tmp_path / "ud2mrestore", symlinks=True)
    done = run(sys.executable, "-S", "-m", "ud2mrestore", folder=tmp_path)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "pip install onnxruntime" in done.stderr


def test_the_entry_point_looks_for_each_library_that_the_command_is_linked_with(site, tmp_path):
    done = run("readelf", "--wide", "--dynamic", release() / "ud2m", folder=tmp_path)
    needed = set(re.findall(r"NEEDED.*\[(.+)\]", done.stdout))
    needed = {name for name in needed - C_LIBRARY if not name.startswith("ld-linux")}
    looked = python(site, tmp_path, "print(*command.LIBRARIES)").stdout.split()
    assert set(looked) == needed
