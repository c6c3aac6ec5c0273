"""Whether a decoder outside libav works on this machine: a small clip is decoded by both."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from avmeter.engine.decode.hardware import Hardware, HardwareOrder, HardwareRefusal, HardwareSessions
from avmeter.media.advance import unwatched
from avmeter.media.container import MAX_PIXELS
from avmeter.media.hardware import CodedStream, coded_packets
from avmeter.media.packets import Losses
from avmeter.media.timestamps import read_timestamps
from avmeter.media.video_decode import decode_frames
from avmeter.media.write import write_clip

_HEIGHT, _WIDTH, _NUM_FRAMES = 144, 256, 30


def fault_of(hardware: Hardware) -> str:
    """Return what is wrong with a decoder, in a few words; empty if it gives the pixels of libav."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (_NUM_FRAMES, _HEIGHT, _WIDTH, 3), np.uint8)
    with tempfile.TemporaryDirectory(prefix="avmeter-check-") as folder:
        path = write_clip(Path(folder) / "clip.mp4", frames, fps=25.0)
        stamps = read_timestamps(path, {}).stamps
        by_libav = [planes for _, planes in decode_frames(path, stamps, set(), Losses(), planar=range(len(stamps)))]
        packets = list(coded_packets(path, set(stamps.tolist()), {}, MAX_PIXELS, unwatched))
    stream = CodedStream(codec="h264", height=_HEIGHT, width=_WIDTH)
    memory = np.zeros((len(stamps), stream.rows, _WIDTH), np.uint8)
    order = HardwareOrder(stream=stream, packets=packets, is_last=True, block=0)
    answer = HardwareSessions(hardware).answer(order, memory.reshape(-1))
    if isinstance(answer, HardwareRefusal):
        return answer.reason
    is_alike = list(answer.stamps) == stamps.tolist() and all(
        (ours[:-1] == theirs[:-1]).all() for ours, theirs in zip(memory, by_libav, strict=True)
    )
    return "" if is_alike else "its pixels are not those of libav"
