"""Every stage gets the time that it took, and no other's."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from avmeter.bench.stages import measure_stages
from avmeter.engine.plan import Plan
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import ClipExtractor, Features, Window, WindowExtractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.sample import MediaSource, as_samples
from support.engine import runtime

RATE = 16_000


class Slow(WindowExtractor):
    """Sleeps in each stage."""

    name = "slow"
    takes = "audio"

    def windows(self, media: Any) -> Any:
        media.audio(AudioSpec(sample_rate=RATE))
        time.sleep(0.02)
        yield Window(inputs={"x": np.zeros(1, np.float32)})

    def upload(self, windows: Any, runtime: Any) -> Any:
        time.sleep(0.04)
        return super().upload(windows, runtime)

    def forward(self, batch: Any) -> Any:
        time.sleep(0.08)
        return batch

    def pool(self, outputs: Any, windows: Any, facts: Any) -> Features:
        raise AssertionError("not a stage")


class Refusing(ClipExtractor):
    """Finds nothing to measure."""

    name = "refusing"
    takes = "audio"

    def extract(self, media: Any) -> Features:
        raise SkipError(SkipCode.SILENT, "silent")


def plan_of(extractor: Any) -> Plan:
    plan = Plan()
    (sample,) = as_samples([{"audio": (np.zeros(RATE, np.float32), RATE)}])
    source = sample.source("audio")
    assert isinstance(source, MediaSource)
    plan.sources["a"] = source
    plan.add(extractor, ("a",))
    return plan


def test_each_stage_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a waveform inside `windows` is decoding, the rest of it preparation."""
    read = MediaItem.audio

    def slowly(self: MediaItem, spec: AudioSpec) -> Any:
        time.sleep(0.16)
        return read(self, spec)

    monkeypatch.setattr(MediaItem, "audio", slowly)
    stages = measure_stages(plan_of(Slow()), runtime())
    assert stages.prepare >= 0.02
    assert stages.transfer >= 0.04
    assert stages.forward >= 0.08
    assert stages.decode >= 0.16


def test_clip_that_is_skipped_ends_no_measurement() -> None:
    """It takes the time until its skip."""
    stages = measure_stages(plan_of(Refusing()), runtime())
    assert stages.total > 0
    assert stages.forward == 0
