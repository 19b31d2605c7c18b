"""Options of the trainings: read from a command line, filled by presets, saved whole."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from ud2m.training.options import (
    PRESETS,
    DenoiserOptions,
    DistillationOptions,
    described,
    parse,
    parser,
    saved,
)
from ud2m.training.options.arguments import option
from ud2m.training.problems import WEIGHTS

NEEDED = ["--shards", "a.tar", "b.tar", "--out", "runs/x", "--start", "old/step.safetensors"]


def distillation(*words):
    p = parser(DistillationOptions, "text")
    options, _ = parse(p, DistillationOptions, PRESETS, [*NEEDED, *words])
    return options


def test_a_word_becomes_the_type_of_its_field():
    @dataclass(frozen=True, kw_only=True)
    class Toy:
        path: Path = option(help="p")
        counts: list[int] = option(lambda: [1], help="c", unit="count")
        pair: tuple[float, float] = option((0.5, 1.0), help="two")
        maybe: float | None = option(None, help="50 % of it")
        quiet: bool = option(False, help="q")

    words = ["--path", "a/b", "--counts", "3", "4", "--pair", "1", "2", "--maybe", "7", "--quiet"]
    p = parser(Toy, "text")
    toy, dry_run = parse(p, Toy, words=[*words, "--dry-run"])
    assert dry_run and toy.path == Path("a/b") and toy.counts == [3, 4]
    assert list(toy.pair) == [1.0, 2.0] and toy.maybe == 7.0 and toy.quiet
    usual, dry_run = parse(p, Toy, words=["--path", "a"])
    assert not dry_run and (usual.counts, usual.pair, usual.maybe) == ([1], (0.5, 1.0), None)
    text = p.format_help()
    assert "--counts COUNT" in text and "50 % of it" in text and "(default: (0.5, 1.0))" in text


def test_what_is_missing_is_named(capsys):
    with pytest.raises(SystemExit) as end:
        parse(parser(DenoiserOptions, ""), DenoiserOptions, words=["--shards", "a.tar"])
    assert end.value.code == 2 and "are required: --out" in capsys.readouterr().err


def test_a_preset_fills_what_is_not_given():
    options = distillation("--preset", "lite-mask-3", "--rate", "1e-3", "--no-ensemble")
    assert (options.seed, options.go_on, options.masks) == (23, 0.1, (0.8, 0.1, 0.1))
    assert options.families == ["mask"] and options.time_budget == 50
    assert options.rate == 1e-3 and not options.ensemble
    assert options.batch == 6 and distillation().batch == 8


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fits(name):
    begun = [] if PRESETS[name].get("size") else NEEDED[-2:]
    p = parser(DistillationOptions, "text")
    words = [*NEEDED[:-2], *begun, "--preset", name]
    options, _ = parse(p, DistillationOptions, PRESETS, words)
    assert options.preset == name and options.schedule.time_budget == PRESETS[name]["time_budget"]
    assert options.shares is None or len(options.shares) == len(WEIGHTS)


def test_histories_name_every_preset():
    files = Path(__file__).parents[1].glob("**/HISTORY.md")  # the plan names what is to be trained
    text = "".join(file.read_text() for file in files)
    assert not [name for name in PRESETS if f"`{name}`" not in text]


def test_options_are_saved_whole():
    options = distillation("--cache", "/data/cache", "--shares", *map(str, range(1, 8)))
    whole = json.loads(json.dumps(saved(options)))
    assert whole.keys() == {f.name for f in fields(DistillationOptions)}
    assert whole["shards"] == ["a.tar", "b.tar"] and whole["cache"] == "/data/cache"
    assert whole["shares"] == [1, 2, 3, 4, 5, 6, 7]
    names = described(options)
    assert names["cache"] == "cache" and names["start"] == "step.safetensors"
    assert names.keys() == whole.keys()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--shares", "1", "2"], "--shares has 2 numbers for 7 families; give one each."),
        (["--go-on", "1.5"], "--go-on 1.5 must be between 0 and 1."),
        (["--grid-shares", "0", "0", "0", "0", "0"], "--grid-shares must be 0 or more, and not"),
        (["--grid-shares", "1", "0", "0", "0", "-1"], "--grid-shares must be 0 or more, and not"),
        (["--size", "tiny"], "--size is of a new network; leave --start and --denoiser out."),
        (["--realism", "--loss", "perceptual"], "--realism has a loss of its own; leave --loss"),
        (["--teacher", "a", "--loss", "perceptual"], "--teacher is for squared error; leave"),
        (["--warm-up", "0"], "--warm-up 0 must be 1 problem or more."),
        (["--crop", "50"], "--crop 50 must be a multiple of 48"),
        (["--rank", "some"], "--rank some must be a whole number or full."),
        (["--preset", "none"], "invalid choice: 'none'"),
    ],
)
def test_options_that_do_not_fit_are_refused(words, sentence, capsys):
    with pytest.raises(SystemExit) as end:
        distillation(*words)
    assert end.value.code == 2 and sentence in capsys.readouterr().err


def test_one_step_is_the_usual_case_where_its_share_is_the_largest():
    assert distillation().usual_steps == 3 and sum(distillation().grids) == pytest.approx(1)
    options = distillation("--preset", "lite-one-mask", "--grid-shares", "4", "0", "1", "0", "0")
    assert options.grids == (0.8, 0, 0.2, 0, 0) and options.usual_steps == 1
    assert distillation("--preset", "lite-one-mask").usual_steps == 1


def test_a_training_begins_with_something(capsys):
    with pytest.raises(SystemExit):
        parse(parser(DistillationOptions, ""), DistillationOptions, words=NEEDED[:5])
    assert "name --start, or --denoiser and --scalars, or --size." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "warm_up"),
    [([], 1500), (["--image-budget", "800"], 100), (["--image-budget", "90000"], 1500)],
)
def test_the_warm_up_is_at_most_an_eighth_of_the_problems(words, warm_up):
    assert distillation(*words).schedule.warm_up == warm_up
    assert distillation(*words, "--warm-up", "7").schedule.warm_up == 7
