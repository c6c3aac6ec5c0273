"""OpenL3's windows, channels and rows."""

from __future__ import annotations

import numpy as np
import pytest

from avmeter.errors import SkipCode, SkipError, UsageError
from avmeter.features.backbones import openl3
from avmeter.features.backbones.openl3 import Openl3Extractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.media.spool import ChannelView, Spool

RATE = 48_000


def clip(duration_s: float, channels: int = 1) -> MediaItem:
    noise = 0.1 * np.random.default_rng(1).standard_normal((channels, round(duration_s * RATE)))
    return MediaItem.from_audio(noise.astype(np.float32), RATE)


@pytest.mark.parametrize(("duration_s", "count"), [(0.2, 1), (0.5, 1), (1.0, 2), (1.01, 3), (2.5, 5)])
def test_a_window_of_a_second_stands_over_every_half_second(duration_s: float, count: int) -> None:
    """The first has half a second of silence in front of the sound, as published."""
    windows = list(Openl3Extractor().windows(clip(duration_s)))
    assert len(windows) == count
    first = windows[0].inputs["waveform"]
    assert first.shape == (1, RATE)
    assert not first[:, : RATE // 2].any()
    assert first[:, RATE // 2 :].any()


def test_left_and_right_are_read_apart_and_of_more_channels_the_first_two() -> None:
    """Mono stays one channel: the network need not run twice."""
    shapes = [next(iter(Openl3Extractor().windows(clip(1.0, n)))).inputs["waveform"].shape[0] for n in (1, 2, 6)]
    assert shapes == [1, 2, 2]
    assert next(iter(Openl3Extractor(stereo=False).windows(clip(1.0, 2)))).inputs["waveform"].shape[0] == 1


def test_row_of_mono_has_its_embedding_twice_where_rows_have_two_channels() -> None:
    """So that clips of both kinds are of one set."""
    windows = [w.without_inputs() for w in Openl3Extractor().windows(clip(1.0))]
    outputs = [{"embedding": np.full(512, i, np.float32)} for i in range(len(windows))]
    assert Openl3Extractor().pool(outputs, windows, {})["embedding"].shape == (2, 1024)
    assert Openl3Extractor(stereo=False).pool(outputs, windows, {})["embedding"].shape == (2, 512)


def test_av_benchmark_reads_the_first_eight_seconds_of_the_mix() -> None:
    """And says what it left."""
    extractor = Openl3Extractor(protocol="av-benchmark")
    media = clip(9.0, 2)
    assert {w.inputs["waveform"].shape for w in extractor.windows(media)} == {(1, RATE)}
    assert extractor.facts(media) == {"unread_seconds": 1.0}


def test_silence_and_unknown_content_are_named() -> None:
    """A peak of zero cannot be normalised; there are two checkpoints."""
    with pytest.raises(SkipError) as error:
        list(Openl3Extractor().windows(MediaItem.from_audio(np.zeros((2, RATE), np.float32), RATE)))
    assert error.value.code == SkipCode.SILENT
    with pytest.raises(UsageError, match="content is 'speech'"):
        Openl3Extractor(content="speech")


class OnDisk:
    """A clip whose waveforms are too large for memory."""

    def __init__(self, media: MediaItem) -> None:
        self.name, self._media = "on disk", media

    def audio(self, spec: AudioSpec) -> Spool | ChannelView:
        waveform = self._media.audio(spec)[:]
        spool = Spool(waveform.shape[:-1], limit_bytes=0)
        spool.append(waveform.T)
        return ChannelView(spool) if waveform.ndim == 2 else spool


@pytest.mark.parametrize("stereo", [True, False])
def test_long_sound_is_read_in_blocks_whose_cuts_do_not_show(monkeypatch: pytest.MonkeyPatch, stereo: bool) -> None:
    """From disk and onto it, with the windows of the whole."""
    whole = list(Openl3Extractor(stereo=stereo).windows(clip(3.3, 3)))
    monkeypatch.setattr(openl3, "_BLOCK_SAMPLES", 20_000)
    monkeypatch.setattr(openl3, "_MOST_IN_MEMORY", 1000)
    pieces = list(Openl3Extractor(stereo=stereo).windows(OnDisk(clip(3.3, 3))))  # type: ignore[arg-type]
    assert [(w.start_s, w.duration_s) for w in pieces] == [(w.start_s, w.duration_s) for w in whole]
    for piece, window in zip(pieces, whole, strict=True):
        np.testing.assert_allclose(piece.inputs["waveform"], window.inputs["waveform"], atol=1e-7)
