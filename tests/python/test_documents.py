# SPDX-License-Identifier: MPL-2.0
"""Every pipeline of every document runs as it stands, and restores towards the original.

Stand-ins replace what a test machine lacks: cameras, screens, GPUs, files of others. The documents
themselves keep to their size, and their links lead somewhere.

The pipelines in the element's own documentation are run by the Rust tests.
"""

import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300  # a limit for a pipeline that hangs, not a measure of speed
WIDTH = 100  # columns of a document
LINES = {"README.md": 120, "docs/architecture.md": 150}
STAND_INS = {
    r"\bv4l2src\b": "videotestsrc is-live=true num-buffers=12",
    r"\bautovideosink\b": "fakesink sync=true qos=true",
    r"\bexecution-provider=cuda\b": "execution-provider=cpu",
    r"\bmodel=adm\b": "model=lite",
    r"filesrc location=bear\.mp4 ! decodebin\b": "videotestsrc num-buffers=31",
}
RUN = re.compile(r"gst-launch-1\.0|^ud2m ", re.MULTILINE)
TASKS = ("deblur", "inpaint", "super-resolve", "jpeg", "denoise")
GAIN = 0.5  # dB that a restored image is nearer to the original, at least


def documents() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    for folder, pattern in (("docs", "**/*.md"), ("examples", "*.md"), ("models", "**/*.md")):
        found += sorted((ROOT / folder).glob(pattern))
    return [file for file in found if file.exists()]


def blocks(file: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a document: (language, text), less the indentation of the fence."""
    fence = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
    found = []
    for indent, language, text in fence.findall(file.read_text()):
        found.append((language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)))
    return found


def pipelines() -> dict[str, list[str]]:
    """Each shell block with a pipeline or the command, once, and the documents that show it."""
    found = defaultdict(list)
    for file in documents():
        for language, text in blocks(file):
            if language == "sh" and RUN.search(text):
                found[text].append(file.relative_to(ROOT).as_posix())
    return found


RESTORED = re.compile(r"^ud2m restore (\S+) (\S+)", re.MULTILINE)  # IN and OUT
PIPELINES = pipelines()
NO_PLUGIN = "GST_PLUGIN_PATH is not set: run `make test`, which builds the plugin"


def name(pipeline: str, files: list[str]) -> str:
    """What tells a pipeline from the others: its document, what it reads and what it writes."""
    ends = re.findall(r"\b(v4l2src|autovideosink|fakesink)|location=(?:\S*/)?(\S+)", pipeline)
    ends += [("", Path(file).name) for _, file in RESTORED.findall(pipeline)]
    document = files[0].removesuffix(".md").replace("/", "-")
    return "-".join([document, *(element or file for element, file in ends)])


def runnable(pipeline: str) -> str:
    for pattern, other in STAND_INS.items():
        pipeline = re.sub(pattern, other, pipeline)
    return pipeline


def psnr(a: Path, b: Path) -> float:
    """In dB, peak 255; a is scaled to the size of b."""
    wanted = Image.open(b).convert("RGB")
    have = Image.open(a).convert("RGB").resize(wanted.size, Image.Resampling.BICUBIC)
    error = (np.asarray(have, float) - np.asarray(wanted, float)) / 255
    return -10 * np.log10(np.square(error).mean())


def test_every_task_is_shown():
    missing = [task for task in TASKS if not any(f"task={task}" in p for p in PIPELINES)]
    assert not missing, f"no document shows a pipeline for {missing}"


def test_readme_shows_a_pipeline():
    assert any("README.md" in files for files in PIPELINES.values())


@pytest.mark.parametrize(
    "use",
    [
        "decodebin",
        "v4l2src",
        "jpegdec",
        "format=RGBA",
        "format=P010_10LE",
        "@preset=",
        "temporal=warm-start",
    ],
)
def test_every_use_is_shown(use):
    assert any(use in p for p in PIPELINES), f"no document shows a pipeline with {use}"


def test_no_pipeline_escapes_the_tests():
    """A pipeline in a block of another language, or with parts left out, would not be run."""
    for file in documents():
        for language, text in blocks(file):
            shown = RUN.search(text)
            assert not shown or language == "sh", f"{file}: mark this block as sh\n{text}"
            assert not shown or "…" not in text, f"{file}: write this pipeline out\n{text}"


CASES = [pytest.param(p, id=name(p, files)) for p, files in PIPELINES.items()]


@pytest.mark.parametrize("pipeline", CASES)
def test_pipeline_runs_and_restores(pipeline, tmp_path):
    for folder in ("examples", "tests", "models", "src"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    assert "GST_PLUGIN_PATH" in os.environ, NO_PLUGIN
    # The command lies beside the plugin.
    path = f"{os.environ['GST_PLUGIN_PATH']}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", runnable(pipeline)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0 and "erroneous pipeline" not in log, f"{pipeline}\n{log}"
    inputs = re.findall(r"filesrc location=(\S+)", pipeline)
    outputs = re.findall(r"filesink location=(\S+)", pipeline)
    inputs += [file for file, _ in RESTORED.findall(pipeline)]
    outputs += [file for _, file in RESTORED.findall(pipeline)]
    for out in outputs:
        found = list(tmp_path.glob(re.sub(r"%\d*d", "*", out)))
        written = found and all(file.stat().st_size > 0 for file in found)
        assert written, f"{out} is empty\n{pipeline}\n{log}"
    if inputs and outputs and inputs[0].endswith(".png") and outputs[0].endswith(".png"):
        scene = ROOT / "examples/data/scene.png"
        before, after = psnr(tmp_path / inputs[0], scene), psnr(tmp_path / outputs[0], scene)
        assert after > before + GAIN, f"{before:.2f} dB became {after:.2f} dB\n{pipeline}"


@pytest.mark.parametrize("file", documents(), ids=lambda f: f.relative_to(ROOT).as_posix())
def test_document_keeps_to_its_size(file):
    lines = file.read_text().splitlines()
    long = [i for i, line in enumerate(lines, 1) if len(line) > WIDTH]
    assert not long, f"{file}: lines {long} have more than {WIDTH} columns"
    limit = LINES.get(file.relative_to(ROOT).as_posix(), len(lines))
    assert len(lines) <= limit, f"{file} has {len(lines)} lines; {limit} are its limit"


def commands() -> list[tuple[str, str]]:
    """The commands of all fenced blocks that run a script of this project: (document, command)."""
    found = []
    for file in documents():
        for _, text in blocks(file):
            joined = text.replace("\\\n", " ").splitlines()
            script = re.compile(r"python (models|scripts)/|^(models|scripts)/")
            found += [
                (file.relative_to(ROOT).as_posix(), line) for line in joined if script.search(line)
            ]
    return found


def source_of(script: Path) -> str:
    """A script and the modules of the package that it imports: options may lie there."""
    text = script.read_text()
    for name in re.findall(r"^from ud2m\.(\S+) import", text, re.MULTILINE):
        module = ROOT / "models/ud2m" / name.replace(".", "/")
        files = module.glob("*.py") if module.is_dir() else [module.with_suffix(".py")]
        text += "".join(file.read_text() for file in files)
    return text


@pytest.mark.parametrize(("document", "command"), commands())
def test_commands_name_scripts_and_options_that_exist(document, command):
    script = ROOT / re.search(r"((?:models|scripts)/\S+)", command)[1]
    assert script.exists(), f"{document}: {command}"
    source = source_of(script)
    options = re.findall(r"--([a-z][a-z-]+)", command)
    unknown = []
    for option in options:
        word, member = rf"""["'](--)?{option}["']""", rf"^    {option.replace('-', '_')}: "
        if not re.search(f"{word}|{member}", source, re.MULTILINE):
            unknown.append(option)
    assert not unknown, f"{document}: {script.name} has no {unknown}"


def test_every_decision_is_listed_once():
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"\]\((\d{3}-[^)]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(file.name for file in folder.glob("[0-9]*.md"))
    numbers = [name[:3] for name in listed]
    assert len(set(numbers)) == len(numbers), f"a number is used twice in {numbers}"


def test_the_architecture_page_has_the_import_table_of_the_layering_test():
    source = (ROOT / "tests/layering/main.rs").read_text()
    source = source.partition("const TABLE")[2].partition("];")[0]
    entries = re.findall(r'\(\s*"(\w+)",\s*&\[(.*?)\],\s*&\[', source, re.DOTALL)
    tested = {module: set(re.findall(r"\w+", others)) for module, others in entries}
    page = (ROOT / "docs/architecture.md").read_text()
    section = page.partition("## Modules of the plugin")[2].partition("\nWhere to look")[0]
    shown = {}
    for modules, others in re.findall(r"^\| (`.+?) \| [^|]+ \| ([^|]+) \|", section, re.MULTILINE):
        above = set(shown) if others == "all of the above" else set(re.findall(r"\w+", others))
        shown |= dict.fromkeys(re.findall(r"`(\w+)`", modules), above)
    assert shown == tested


def anchor(heading: str) -> str:
    """The fragment that names a heading, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("file", documents(), ids=lambda f: f.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(file):
    prose = re.sub(r"^( *)```.*?^\1```$", "", file.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", prose):
        path, _, fragment = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.exists(), f"{file} links to {path}, which does not exist"
        if fragment:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), f"{file}: {path} has no heading {fragment}"
