"""Shards are one run again, or it is said why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avmeter.engine.executors.base import RunWatch
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.run import EvalResults, Grouping, RunJournal, write_run
from avmeter.run.folder import STATES
from avmeter.sample import Sample, as_samples
from avmeter.shards import Shard, find_shards, merge_shards, plan_shard, score_shard
from avmeter.shards.facts import SHARD
from support.media import write_media
from support.runs import reseal

RATE = 16_000
YAMNET = {"backbone": "yamnet"}
METRICS = ["audio.loudness", "audio.frechet_distance", "audio.kernel_distance", "audio.inception_score"]
OPTIONS = dict.fromkeys(METRICS[1:], YAMNET)
GROUPING = Grouping(by=("speaker",))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Clips with references, references alone in the middle and at the end, one that is missing, two speakers."""
    folder, rng, rows = tmp_path_factory.mktemp("clips"), np.random.default_rng(0), []
    for i in range(26):
        paths = [folder / f"{i:02}{side}.wav" for side in ("", "_ref")]
        for path in paths:
            noise = (0.1 * rng.standard_normal(RATE)).astype(np.float32)
            write_media(path, wave=noise, sample_rate=RATE, audio_codec="pcm_s16le")
        rows.append({"id": f"{i:02}", "audio": str(paths[0]), "reference_audio": str(paths[1]), "speaker": "ab"[i % 2],
                     "text_prompt": f"noise {i // 2}"})  # fmt: skip
    paths[0].unlink()
    for i in (5, 25):
        rows[i] = {"id": f"{i:02}", "reference_audio": rows[i]["reference_audio"], "role": "reference"}
    rows[8] = {**rows[8], "audio": str(folder / "absent.wav")}
    return as_samples(rows)


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> Evaluator:
    return Evaluator(METRICS, "cpu", options=OPTIONS, store=tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def whole(samples: list[Sample], evaluator: Evaluator) -> EvalResults:
    """The run in one piece, as the command line makes it."""
    results = evaluator.evaluate(samples)
    results.group(by=GROUPING.by)
    evaluator.evaluate_groups(results)
    return results


def write_shard(evaluator: Evaluator, samples: Sequence[Sample], text: str, out: Path, **options: Any) -> Path:
    shard = Shard.parse(text, {})
    plan = plan_shard(evaluator, samples, shard, metrics=METRICS, grouping=GROUPING, with_groups=True)
    scored = score_shard(evaluator, samples, plan, **options)
    return write_run(scored.results, out / text.replace("/", "-"), states=scored.states)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample], evaluator: Evaluator) -> Path:
    """Three shards."""
    folder = tmp_path_factory.mktemp("shards")
    for index in (1, 2, 3):
        write_shard(evaluator, samples, f"{index}/3", folder)
    return folder


@pytest.fixture
def shards(tmp_path: Path, written: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(written, tmp_path / "shards")


def without_run(folder: Path) -> dict[str, Any]:
    """What the files of a run say, without its id."""
    tables = {name: (folder / name).read_text() for name in ("results.csv", "breakdown.csv")}
    summary = json.loads((folder / "summary.json").read_text())
    return {**tables, "summary": {k: v for k, v in summary.items() if k != "run_id"}}


@pytest.mark.parametrize("count", [1, 3, 40])
def test_merged_shards_are_the_run_of_one_process_to_the_bit(
    tmp_path: Path, samples: list[Sample], evaluator: Evaluator, whole: EvalResults, count: int
) -> None:
    """Rows, corpus scores, intervals and groups; references that lie in other shards; more shards than samples."""
    for index in range(count, 0, -1):
        write_shard(evaluator, samples, f"{index}/{count}", tmp_path / "shards")
    merged = merge_shards(find_shards([tmp_path / "shards"]))
    assert [s.id for s in merged.samples] == [s.id for s in samples]
    assert [[(n, r.score, r.skip) for n, r in row.items()] for row in merged] == [
        [(n, r.score, r.skip) for n, r in row.items()] for row in whole
    ]
    assert merged.corpus == whole.corpus
    assert json.dumps(merged.summary()) == json.dumps(whole.summary())
    assert without_run(merged.write(tmp_path / "a")) == without_run(whole.write(tmp_path / "b"))


def test_shard_has_its_own_rows_and_says_what_it_is(written: Path) -> None:
    """Its run folder is read like any other, without corpus scores."""
    from avmeter.run import read_run

    part = read_run(written / "2-3")
    assert [s.id for s in part.samples] == [f"{i:02}" for i in range(8, 17)]
    assert part.corpus == {}
    assert part.provenance["notes"] == ["shard 2 of 3: samples 9 to 17 of 26, without corpus scores"]


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the provenance of a shard."""
    facts = json.loads((folder / "run.json").read_text())
    change(facts["provenance"])
    (folder / "run.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(precision="bf16"), r"shard 1 of 3 .* and shard 2 of 3 .* precision \(float32 and bf16\)"),
        (lambda p: p["versions"].update(avmeter="9"), "version of avmeter"),
        (lambda p: p["shard"].update(inputs="0" * 64), "inputs"),
        (lambda p: p["shard"].update(protocol="av-benchmark"), "protocol"),
        (lambda p: p["metrics"]["audio.frechet_distance"]["options"].update(backbone="passt"),
         r"options of audio\.frechet_distance"),
        (lambda p: p["weights"].update(yamnet="other"), "weights of yamnet"),
        (lambda p: p["shard"].update(metrics=["audio.loudness"]), "metrics"),
        (lambda p: p["shard"].update(start=0), "damaged"),
        (lambda p: p["shard"].update(index="2"), "damaged"),
        (lambda p: p["shard"].update(grouping={"by": [7]}), "damaged"),
        (lambda p: p["shard"].update(metrics=[None]), "damaged"),
        (lambda p: p.pop("shard"), "a whole run"),
        (lambda p: p.update(partial=True, num_finished=4), r"shard 2 of 3 .* was ended early: 4 of 9"),
    ],
)  # fmt: skip
def test_shard_of_another_run_is_refused_and_what_differs_is_named(
    shards: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    """With both folders."""
    edit(shards / "2-3", change)
    with pytest.raises(UsageError, match=message):
        merge_shards(find_shards([shards]))


def test_missing_and_double_shards_are_named(shards: Path) -> None:
    """All of them at once."""
    shutil.rmtree(shards / "1-3")
    shutil.copytree(shards / "2-3", shards / "again")
    with pytest.raises(UsageError) as error:
        merge_shards(find_shards([shards]))
    assert "of 3 shards 1 are missing: 1" in error.value.message
    assert f"shard 2 of 3 is there 2 times: {shards / '2-3'}, {shards / 'again'}" in error.value.message


def test_installation_that_would_finish_the_corpus_otherwise_is_refused(shards: Path) -> None:
    """The shards agree with each other, and not with what merges them."""
    for folder in shards.iterdir():
        edit(folder, lambda p: p["versions"].update(numpy="1.0"))
    with pytest.raises(UsageError, match=r"this installation differ: version of numpy \(1\.0 and"):
        merge_shards(find_shards([shards]))


@pytest.mark.parametrize("damage", ["removed", "cut", "other"])
def test_damaged_states_are_refused(shards: Path, damage: str) -> None:
    """By the hash that the run has of them, or by what they hold where that was made to fit."""
    states = shards / "3-3" / STATES
    if damage == "removed":
        states.unlink()
    else:
        states.write_bytes(states.read_bytes()[:-100] if damage == "cut" else b"not a file of states")
        if damage == "other":
            reseal(shards / "3-3")
    with pytest.raises(UsageError, match=r"corpus_states\.npz: damaged"):
        merge_shards(find_shards([shards]))


def test_interrupted_shard_has_its_finished_rows_and_no_states(
    tmp_path: Path, samples: list[Sample], evaluator: Evaluator
) -> None:
    """It says so, and is not merged."""
    folder = write_shard(evaluator, samples, "1/1", tmp_path, watch=RunWatch(should_stop=lambda: True))
    assert not (folder / STATES).exists()
    facts = json.loads((folder / "run.json").read_text())
    assert (facts["partial"], facts["provenance"][SHARD]["index"]) == (True, 1)
    with pytest.raises(UsageError, match="was ended early"):
        merge_shards([folder])


def test_killed_shard_is_told_from_one_that_is_whole(shards: Path, samples: list[Sample], evaluator: Evaluator) -> None:
    """By the rows that it left: how many of how many are finished."""
    shutil.rmtree(shards / "2-3")
    plan = plan_shard(evaluator, samples, Shard(index=2, count=3), metrics=METRICS, grouping=GROUPING)
    journal = RunJournal(
        shards / "2-3", num_samples=len(plan.positions), provenance={**evaluator.describe(METRICS), **plan.provenance}
    )
    journal.add(samples[8:12], evaluator.evaluate(samples[8:12]))
    journal.flush()
    with pytest.raises(UsageError, match=r"shard 2 of 3 .* was ended early: 4 of 9 samples are finished"):
        merge_shards([shards / f"{i}-3" for i in (1, 2, 3)])
    with pytest.raises(UsageError, match="was ended early"):
        merge_shards(find_shards([shards]))


def test_whole_run_in_the_place_of_a_shard_leaves_no_states_behind(shards: Path, whole: EvalResults) -> None:
    """A folder is never a mixture of two runs."""
    write_run(whole, shards / "1-3")
    assert not (shards / "1-3" / STATES).exists()
