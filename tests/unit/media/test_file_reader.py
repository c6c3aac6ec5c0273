"""A file read for an item: headers at once, streams when asked for."""

from pathlib import Path

import numpy as np
import pytest

from avmeter.errors import MediaError, SkipCode
from avmeter.media import content_key
from avmeter.media.file_reader import FileReader
from avmeter.media.packets import Losses
from support.media import numbered, tone, write_media


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_media(tmp_path / "a.mp4", wave=tone(440, 0.5, 48_000, 1.0), frames=numbered(25), gop=5)


def test_reader_gives_both_streams_and_the_key(clip: Path) -> None:
    """Samples, times and frames are those of the file."""
    reader, losses = FileReader(clip), Losses()
    assert reader.name == str(clip)
    assert reader.key() == content_key(clip)
    assert sum(len(b.samples) for b in reader.audio_blocks(losses)) == pytest.approx(48_000, abs=2048)
    timestamps = reader.timestamps()
    assert timestamps.times_s == pytest.approx(np.arange(25) / 25, abs=1e-3)
    frames = dict(reader.frames(timestamps, {20, 3}, losses))
    assert {i: round((f.mean() - 10) / 4) for i, f in frames.items()} == {3: 3, 20: 20}
    assert (losses.num_packets, losses.cut_off) == (0, False)


@pytest.mark.parametrize("decode_threads", [1, 3])
def test_threads_do_not_change_frames(clip: Path, decode_threads: int) -> None:
    """Every frame once, whichever thread decoded it."""
    reader = FileReader(clip, decode_threads=decode_threads)
    found = [i for i, _ in reader.frames(reader.timestamps(), set(range(25)), Losses())]
    assert sorted(found) == list(range(25))


def test_absent_file_is_refused_at_once(tmp_path: Path) -> None:
    """Opening probes: what cannot be read is known before anything is decoded."""
    with pytest.raises(MediaError) as caught:
        FileReader(tmp_path / "absent.mp4")
    assert caught.value.code is SkipCode.MISSING_FILE
