"""Synchformer's sound: segments of 0.64 s every 0.32 s, and the one mel frame that the protocols fill differently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Window
from avmeter.features.synchformer.audio import MEAN, MEL_FRAMES, MIN_SAMPLES, SEGMENT, STD, STEP, SynchformerAudio
from avmeter.media import MediaItem
from support.extractors import noise

RATE = 16_000


def clip(num_samples: int) -> MediaItem:
    return MediaItem.from_audio(noise(num_samples), RATE)


def cut(num_samples: int, **options: Any) -> list[Window]:
    return list(SynchformerAudio(**options).windows(clip(num_samples)))


@pytest.mark.parametrize(
    ("num_samples", "num_segments"), [(MIN_SAMPLES, 14), (MIN_SAMPLES + STEP - 1, 14), (MIN_SAMPLES + STEP, 15)]
)
def test_segments_lie_every_0_32_s_as_long_as_they_are_whole(num_samples: int, num_segments: int) -> None:
    """4.8 s are 14 of them."""
    windows = cut(num_samples)
    assert [w.start_s for w in windows] == pytest.approx([0.32 * i for i in range(num_segments)])
    assert {w.inputs["mel"].shape for w in windows} == {(128, MEL_FRAMES)}
    facts = SynchformerAudio().facts(clip(num_samples))
    assert (facts["num_segments"], facts["stretched"]) == (num_segments, None)


def test_segment_is_the_same_wherever_its_batch_ends() -> None:
    """Spectrograms are made 64 at once; the sixty-fifth is like any other."""
    length = 70 * STEP + SEGMENT
    windows = cut(length, whole=True)
    later = MediaItem.from_audio(noise(length)[64 * STEP :], RATE)
    alone = next(iter(SynchformerAudio(protocol="av-benchmark", short="pad").windows(later)))
    np.testing.assert_allclose(windows[64].inputs["mel"][:, :65], alone.inputs["mel"][:, :65], atol=1e-5)


def test_last_mel_frame_is_the_minimum_or_zero() -> None:
    """The one value that moves the logits most: the clip's lowest in `fastvideo`, 0 in `av-benchmark`."""
    mels = np.stack([w.inputs["mel"] for w in cut(MIN_SAMPLES)])
    np.testing.assert_array_equal(mels[:, :, 65], np.full((14, 128), mels[:, :, :65].min()))
    mels = np.stack([w.inputs["mel"] for w in cut(MIN_SAMPLES, protocol="av-benchmark")])
    np.testing.assert_allclose(mels[:, :, 65], -MEAN / (2 * STD), rtol=1e-6)


def test_long_clip_is_encoded_at_its_ends_or_whole() -> None:
    """20 s have 61 segments; the numbers say which were encoded."""
    item = 20 * RATE
    assert len(cut(item)) == 44
    assert len(cut(item, whole=True)) == 61
    facts = SynchformerAudio().facts(clip(item))
    assert facts["segments"] == [*range(14), *range(31, 61)]
    assert facts["num_segments"] == 61


def test_av_benchmark_reads_the_first_8_s() -> None:
    """24 segments of any longer clip."""
    assert len(cut(20 * RATE, protocol="av-benchmark")) == 24


@pytest.mark.parametrize(("length", "num_segments"), [("4.8", 14), ("6", 17), ("7.3", 21), ("10", 30), ("12", 36)])
def test_av_benchmark_of_another_length_has_the_segments_of_that_length(length: str, num_segments: int) -> None:
    """`(int(16000 * length) - 10240) // 5120 + 1` of its programs, with its fill of the last frame."""
    windows = cut(20 * RATE, protocol=f"av-benchmark@{length}")
    assert len(windows) == num_segments
    np.testing.assert_allclose(windows[0].inputs["mel"][:, 65], -MEAN / (2 * STD), rtol=1e-6)


def test_length_below_one_comparison_is_a_skip_that_names_the_protocol() -> None:
    """The clip is long enough; nothing is said of stretching it."""
    with pytest.raises(SkipError, match=r"protocol `av-benchmark@4s` reads the first 4 s; need >= 4\.8 s") as caught:
        cut(20 * RATE, protocol="av-benchmark@4s")
    assert caught.value.code == SkipCode.TOO_SHORT
    assert "stretch" not in caught.value.hint


def test_short_clip_is_a_skip_with_its_length_or_stretched_by_rule() -> None:
    """3 s: too short; repeated from its start; or silent behind its end."""
    short = 3 * RATE
    with pytest.raises(SkipError, match=r"lasts 3\.00 s; need >= 4\.8 s") as caught:
        cut(short)
    assert caught.value.code == SkipCode.TOO_SHORT
    loop, pad = cut(short, short="loop"), cut(short, short="pad")
    assert len(loop) == len(pad) == 14
    np.testing.assert_array_equal(loop[0].inputs["mel"][:, :65], pad[0].inputs["mel"][:, :65])
    assert np.abs(loop[13].inputs["mel"] - pad[13].inputs["mel"]).max() > 0.1
    assert SynchformerAudio(short="loop").facts(clip(short))["stretched"] == "loop"
    assert SynchformerAudio(short="loop").facts(clip(MIN_SAMPLES))["stretched"] is None


def test_silence_has_no_offset() -> None:
    """A skip by name, in both protocols."""
    for protocol in ("fastvideo", "av-benchmark"):
        silence = MediaItem.from_audio(np.zeros(6 * RATE, np.float32), RATE)
        with pytest.raises(SkipError) as caught:
            list(SynchformerAudio(protocol=protocol).windows(silence))
        assert caught.value.code == SkipCode.SILENT
