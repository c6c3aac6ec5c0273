"""Blocks gathered into a track: order, gaps, facts, and what its header reports."""

import numpy as np
import pytest

from avmeter.media.audio_decode import AudioBlock
from avmeter.media.audio_track import AudioTrack, collect_audio_track
from avmeter.media.packets import Losses
from avmeter.media.spool import Spool

RATE = 1000


def block(value: float, num_samples: int, time_s: float | None) -> AudioBlock:
    samples = np.full((num_samples, 2), value, np.float32)
    return AudioBlock(samples=samples, sample_rate=RATE, channels=("FL", "FR"), time_s=time_s)


def collect(*blocks: AudioBlock, **options: object) -> AudioTrack:
    return collect_audio_track(blocks, Losses(), sample_rate=RATE, num_channels=2, **options)  # type: ignore[arg-type]


def test_blocks_are_one_waveform_in_their_order() -> None:
    """Whatever the size of blocks, samples follow each other."""
    track = collect(*(block(i, 30_000, None) for i in range(5)), limit_bytes=1000)
    assert track.samples.shape == (150_000, 2)
    assert track.samples.on_disk
    whole = np.concatenate(list(track.blocks()))
    np.testing.assert_array_equal(whole[:, 0], np.repeat(np.arange(5), 30_000))


def test_gap_of_time_stamps_is_noted_where_it_is() -> None:
    """40 ms are jitter; more is a gap in front of the sample that comes after it."""
    track = collect(block(1, 500, 3.0), block(1, 500, 3.53), block(1, 500, 4.25), video_start_s=2.5)
    assert track.facts.gaps == ((1000, 250),)
    assert track.facts.start_s == pytest.approx(0.5)
    assert (track.facts.first_sample, track.facts.end_sample) == (500, 500 + 1500 + 250)


def test_gaps_that_would_be_hours_are_broken_time_stamps() -> None:
    """A clock that jumps by hours leaves no gap, which would be hours of silence: the jump is noted."""
    facts = collect(block(1, 500, 0.0), block(1, 500, 7200.0)).facts
    assert (facts.gaps, facts.clock_jump_s) == ((), pytest.approx(7199.5))
    assert collect(block(1, 5000, 0.0), block(1, 500, 2.0)).facts.clock_jump_s == pytest.approx(3.0)
    assert collect(block(1, 5000, 0.0), block(1, 500, 4.9)).facts.clock_jump_s == 0.0


@pytest.mark.parametrize(
    ("reported_s", "mismatch"), [(None, False), (1.0, False), (1.09, False), (1.2, True), (0.5, True)]
)
def test_reported_duration_is_compared_with_the_decoded_one(reported_s: float | None, mismatch: bool) -> None:
    """0.1 s is the tolerance for a second."""
    facts = collect(block(1, 1000, None), header_duration_s=reported_s).facts
    assert facts.header_duration_mismatch is mismatch


def test_nothing_decoded_is_an_empty_track_of_the_reported_form() -> None:
    """Rate and channels come from the header."""
    track = collect()
    assert track.samples.shape == (0, 2)
    assert (track.facts.duration_s, track.facts.is_silent) == (0.0, True)


def test_track_is_printed_by_its_shape() -> None:
    """Its representation says how many samples and channels, never the samples."""
    assert repr(collect(block(1, 1500, None))) == "AudioTrack(1500 samples x 2 channels, 1000 Hz, 1.500 s)"


def test_samples_that_do_not_fit_the_facts_are_refused() -> None:
    """A track is consistent from its making."""
    with pytest.raises(ValueError, match="do not fit"):
        AudioTrack(samples=Spool((1,)), facts=collect(block(1, 10, None)).facts)
    with pytest.raises(ValueError, match="do not fit 1 channels"):
        AudioBlock(samples=np.zeros((5, 2), np.float32), sample_rate=RATE, channels=("FC",), time_s=None)
