"""Several nodes of a Ray cluster give the bits of one process; what dies is replaced, what kills is skipped by name.

The nodes are processes of this machine that Ray's own utilities start; the head among them has nothing to compute with.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.executors.ray_executor import RayExecutor
from avmeter.errors import MissingDependencyError, SkipCode, UsageError
from avmeter.metrics.base import Metric
from avmeter.metrics.simple_form import adapt
from avmeter.sample import Sample, as_samples
from support import require
from support.media import write_media
from support.ray_cluster import Machines, machines
from support.registrations import forgotten_registrations

RATE = 16_000
NUM_CLIPS = 24
OPTIONS = {"audio.frechet_distance": {"backbone": "yamnet"}}
PLUGIN = """
import os
import pathlib
import time
import numpy as np
import torch
from avmeter import Metric, MetricResult, Need, register_extractor
from avmeter.features.base import Features, Window, WindowExtractor
from avmeter.media import AudioSpec
from avmeter.features.signal.loudness import LoudnessExtractor

@register_extractor("deadly_on_ray")
class Deadly(LoudnessExtractor):
    def extract(self, media):
        if "deadly" in media.name:
            os._exit(1)
        return super().extract(media)

@register_extractor("deadly_once_on_ray")
class DeadlyOnce(LoudnessExtractor):
    def extract(self, media):
        clip = pathlib.Path(media.name)
        dead = clip.with_name("dead")
        if clip.stem == "second" and not dead.exists():
            dead.write_text(str(os.getpid()))
            os._exit(1)
        until = time.monotonic() + 300
        while clip.stem == "first" and not (dead.exists() and dead.read_text() not in ("", str(os.getpid()))):
            assert time.monotonic() < until, "the next piece is not begun before the last is answered"
            time.sleep(0.05)
        return super().extract(media)

@register_extractor("greedy_on_ray")
class Greedy(WindowExtractor):
    takes = "audio"
    batch_size = 8

    def windows(self, media):
        waveform = media.audio(AudioSpec(sample_rate=8000))
        for start in range(0, 8000, 1000):
            yield Window(inputs={"x": np.asarray(waveform[start : start + 1000])}, start_s=start / 8000)

    def forward(self, batch):
        if len(batch["x"]) > 3:
            raise torch.OutOfMemoryError
        return {"mean": batch["x"].mean(dim=1)}

    def pool(self, outputs, windows, facts):
        return Features(arrays={"means": np.array([o["mean"] for o in outputs])})

class NumWindows(Metric):
    name = "mine.num_windows"
    direction = "none"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="greedy_on_ray"),)

    def score(self, sample, features):
        return MetricResult(self.name, float(len(features["x"]["means"])))

class Survives(Metric):
    name = "mine.survives"
    direction = "none"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="deadly_on_ray"),)

    def score(self, sample, features):
        return MetricResult(self.name, 1.0)

class SurvivesOnce(Survives):
    name = "mine.survives_once"

    @property
    def needs(self):
        return (Need(name="x", field="audio", extractor="deadly_once_on_ray"),)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Machines]:
    """A head that only coordinates; tests add the nodes that they need."""
    if importlib.util.find_spec("ray") is None:
        require.absent("packages", "ray is not installed")
    with machines() as made:
        yield made


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Clips with references, one of them missing."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    made = []
    for i in range(NUM_CLIPS):
        paths = [folder / f"{side}{i}.wav" for side in "gr"]
        for path in paths:
            wave = (rng.standard_normal(RATE) * 0.01 * (i + 1)).astype(np.float32)
            write_media(path, wave=wave, sample_rate=RATE, audio_codec="pcm_f32le")
        made.append({"id": f"clip{i}", "audio": str(paths[0]), "reference_audio": str(paths[1])})
    made[4]["audio"] = str(folder / "absent.wav")
    return as_samples(made)


@pytest.fixture
def metrics() -> dict[str, Metric]:
    require.weights("yamnet")
    names = ["audio.loudness", "audio.frechet_distance"]
    return EvaluatorConfig(options=OPTIONS).resolve_metrics(names)


def executor(address: str, *, chunk_size: int = 3, **changes: Any) -> RayExecutor:
    config = EvaluatorConfig(executor="ray", ray_address=address, **changes)
    return RayExecutor(config, LocalExecutor(config.build_computer()), chunk_size=chunk_size)


def local() -> LocalExecutor:
    return LocalExecutor(EvaluatorConfig(device="cpu").build_computer())


@pytest.mark.endurance
def test_run_whose_nodes_die_and_join_gives_the_bits_of_one_process(
    cluster: Machines, samples: list[Sample], metrics: dict[str, Metric]
) -> None:
    """Two nodes; one is killed at its work, a third joins, and then the second is killed too: no sample is lost."""
    pool = executor(cluster.address)
    with pytest.raises(UsageError, match="no node that could compute anything"):
        pool.run(samples, metrics)  # connects to the head, which stays
    first, second = cluster.add(), cluster.add()
    joined = []

    def accidents(done: int, total: int) -> None:
        if not joined:
            cluster.kill(first)
            joined.append(cluster.add())
            cluster.kill(second)
        shares.append((done, total))

    shares: list[tuple[int, int]] = []
    try:
        found = pool.run(samples, metrics, accidents)
        expected = local().run(samples, metrics)
        assert found == expected
        assert found[1]["audio.frechet_distance"].score is not None
        assert pool.counts.computed == {"loudness": NUM_CLIPS - 1, "yamnet": 2 * NUM_CLIPS - 1}
        assert shares == sorted(set(shares))
        assert shares[-1] == (NUM_CLIPS, NUM_CLIPS)
        assert [d.endswith(" on 127.0.0.1") for d in pool.devices] == [True]
    finally:
        pool.unload()
        for node in joined:
            cluster.kill(node)


@pytest.fixture(scope="module")
def pool(cluster: Machines) -> Iterator[RayExecutor]:
    """Workers on one node, for the tests that kill none; the cluster is kept by them."""
    node = cluster.add()
    made = executor(cluster.address, loader_threads=2)
    yield made
    made.unload()
    cluster.kill(node)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that nodes import where this process does."""
    (tmp_path / "plugin_on_ray.py").write_text(PLUGIN)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    sys.modules.pop("plugin_on_ray", None)
    with forgotten_registrations():
        yield importlib.import_module("plugin_on_ray")


def test_clip_that_kills_its_worker_is_found_and_skipped_by_name(
    pool: RayExecutor, samples: list[Sample], tmp_path: Path, plugin: Any
) -> None:
    """The clips beside the deadly one are scored."""
    pool.unload()  # workers import from where the run did when they started
    deadly = tmp_path / "deadly.wav"
    write_media(deadly, wave=np.ones(RATE, np.float32) * 0.1, sample_rate=RATE, audio_codec="pcm_f32le")
    clips = [*samples[:2], as_samples([{"id": "deadly", "audio": str(deadly)}])[0], samples[3]]
    rows, _ = pool.run(clips, {"mine.survives": plugin.Survives()})
    skips = [row["mine.survives"].skip for row in rows]
    assert [s and s.code for s in skips] == [None, None, SkipCode.WORKER_DIED, None]


def test_worker_begins_the_next_piece_and_may_die_with_both(
    pool: RayExecutor,
    samples: list[Sample],
    metrics: dict[str, Metric],
    tmp_path: Path,
    plugin: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first clip waits for the second, which kills the worker once: both are tried again, to the same bits."""
    pool.unload()
    clips = []
    for level, name in ((0.1, "first"), (0.2, "second")):
        path = tmp_path / f"{name}.wav"
        write_media(path, wave=np.full(RATE, level, np.float32), sample_rate=RATE, audio_codec="pcm_f32le")
        clips.append({"id": name, "audio": str(path), "reference_audio": str(path)})
    both = {**metrics, "mine.survives_once": plugin.SurvivesOnce()}
    first, second = as_samples(clips)
    run = [first, *samples[:2], second, *samples[2:6]]
    found = pool.run(run, both)
    (death,) = [record.getMessage() for record in caplog.records if "a worker died" in record.getMessage()]
    assert "which had samples 0 to 2 and samples 3 to 5" in death
    assert found == local().run(run, both)
    assert [row["mine.survives_once"].score for row in found[0][:4:3]] == [1.0, 1.0]


def test_batch_that_does_not_fit_is_halved(
    pool: RayExecutor, samples: list[Sample], plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The clip is scored, and the log of the run says what happened on the node."""
    pool.unload()
    rows, _ = pool.run(samples[:2], {"mine.num_windows": plugin.NumWindows()})
    assert [row["mine.num_windows"].score for row in rows] == [8.0, 8.0]
    assert "127.0.0.1: greedy_on_ray: out of memory with" in caplog.text


def test_run_that_is_stopped_keeps_what_was_finished(
    pool: RayExecutor, samples: list[Sample], metrics: dict[str, Metric]
) -> None:
    """The rest is skipped as interrupted; the next run has everything."""
    stopped: list[bool] = []
    rows, corpus = pool.run(
        samples, metrics, should_stop=lambda: bool(stopped), on_rows=lambda *_: stopped.append(True)
    )
    codes = [row["audio.loudness"].skip and row["audio.loudness"].skip.code for row in rows]
    assert codes[:3] == [None, None, None]
    assert codes[-1] == SkipCode.INTERRUPTED
    assert corpus["audio.frechet_distance"].skip is not None
    assert corpus["audio.frechet_distance"].skip.code == SkipCode.INTERRUPTED
    assert pool.run(samples, metrics) == local().run(samples, metrics)


class Length:
    """A metric of a script, which no other process could import."""

    requires_reference = False

    def compute(self, sample: dict[str, Any]) -> float:
        return float(len(sample["audio"]))


def test_metric_from_elsewhere_runs_in_this_process(
    pool: RayExecutor, samples: list[Sample], metrics: dict[str, Metric]
) -> None:
    """Its results stand where they were asked for; parts of a set can be scored too."""
    both = {"user.length": adapt("user.length", Length()), "audio.loudness": metrics["audio.loudness"]}
    result = pool.run_part(samples[:3], both)
    assert [list(row) for row in result.rows] == [["user.length", "audio.loudness"]] * 3
    assert result.rows == local().run_part(samples[:3], both).rows


def test_clips_that_cannot_be_sent_are_scored_here(pool: RayExecutor, samples: list[Sample]) -> None:
    """With a lock; an object of a class of this script goes along with the class. Nothing is computed twice."""
    metrics = EvaluatorConfig().resolve_metrics(["audio.loudness"])
    own = replace(samples[1], extras={"lock": threading.Lock()})
    mixed = [samples[0], own, *samples[2:6], replace(samples[6], extras={"object": Length()})]
    before = pool.counts.copy()
    here = pool._local.counts.copy()
    assert pool.run(mixed, metrics) == local().run(mixed, metrics)
    assert pool._local.counts.since(here).computed == {"loudness": 3}
    assert pool.counts.since(before).computed == {"loudness": 6}


def test_node_that_does_not_fit_is_refused(
    pool: RayExecutor, samples: list[Sample], metrics: dict[str, Metric], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nodes of another version alone there is no run, and the message names the node and both versions."""
    pool.unload()
    versions = {"avmeter": "99.0"}
    monkeypatch.setattr("avmeter.engine.executors.ray_crew.installed_versions", lambda: versions)
    with pytest.raises(UsageError, match=r"127\.0\.0\.1: avmeter [0-9.]+ is installed, and 99\.0 runs here"):
        pool.run(samples[:3], metrics)
    pool.unload()


@require.needs("system", not torch.cuda.is_available(), "a GPU is here, which a worker could use")
def test_gpus_come_before_cores_and_have_to_be_usable(
    cluster: Machines, samples: list[Sample], metrics: dict[str, Metric]
) -> None:
    """A node with GPUs is preferred to one with cores, and does not compute on cores because torch cannot use them."""
    nodes = [cluster.add(), cluster.add(num_gpus=2)]
    made = executor(cluster.address)
    try:
        with pytest.raises(UsageError, match="torch can use no GPU there, though the cluster counts one"):
            made.run(samples[:3], metrics)
    finally:
        made.unload()
        for node in nodes:
            cluster.kill(node)


def test_without_ray_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything else."""
    monkeypatch.setattr("avmeter.registry.missing_packages", lambda modules: list(modules))
    with pytest.raises(MissingDependencyError, match="`ray`, which is not installed") as caught:
        executor("auto")
    assert caught.value.hint == "pip install 'avmeter[ray]'"
