# SPDX-License-Identifier: MPL-2.0
"""The notices that are installed name every crate that plugin and command are linked with."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import notices  # noqa: E402


def test_every_crate_that_is_linked_has_a_text_or_a_named_licence(tmp_path):
    for name in ("LICENSE", "ThirdPartyNotices.txt"):
        (tmp_path / name).write_text(f"the {name} of ONNX Runtime")
    text = notices.notices(tmp_path)
    linked = notices.crates()
    names = {p["name"] for p in linked}
    assert {"ort", "gstreamer", "sha2", "serde_json", "libc", "clap", *notices.OWN} <= names
    # Neither tools of the tests nor macros are in the plugin.
    assert not names & {"proptest", "criterion", "tempfile", "serde_derive", "syn"}
    for package in linked:
        if package["name"] not in notices.OWN:
            assert f"{package['name']} {package['version']}: {package['license']}" in text
    assert "the LICENSE of ONNX Runtime" in text and "the ThirdPartyNotices.txt" in text
    assert "Permission is hereby granted" in text
