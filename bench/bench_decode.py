"""Frames for Synchformer and ImageBind: one decoding pass for both against one each; frames per second of one core.

    python bench/bench_decode.py [--clip clip.mp4] [--repeat 2] [--full]

"Prepared" means decoded, resized to 224 as the protocol says, cropped, as windows. Without `--clip`, a moving pattern
of 480p and 5 s is rendered. `--full` also loads both networks with stand-in weights (minutes, 6 GB of memory) and
says how decoding, preparing and the networks share the time of one clip on this CPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from avmeter.features.base import get_extractor
from avmeter.media import FrameRequest, MediaItem
from avmeter.media.write import write_clip
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource

EXTRACTORS = ("synchformer_video", "imagebind_video")


def render(path: Path) -> Path:
    """A drifting gradient with noise, 854x480, 25 fps, 5 s."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 854 + 125 * 4)
    noise = rng.integers(0, 40, (480, 854, 3))
    frames = np.stack([(ramp[4 * i : 4 * i + 854][None, :, None] + noise).astype(np.uint8) for i in range(125)])
    write_clip(path, frames, fps=25)
    return path


def prepare(clip: Path, names: Sequence[str]) -> int:
    """Open the clip and make the windows of these extractors in one pass; returns the number of frames."""
    extractors = [get_extractor(n) for n in names]
    with MediaItem.open(clip) as item:
        for extractor in extractors:
            item.add_requests(*extractor.requests(item))
        for extractor in extractors:
            for _ in extractor.windows(item):
                pass
        return len(item.frame_times)


def decode(clip: Path) -> None:
    """Every frame as full-size RGB, nothing else."""
    with MediaItem.open(clip) as item:
        every = tuple(range(len(item.frame_times)))
        item.frames(FrameRequest(indices=every, resize=None, crop=None, output="uint8"))


def cpu_seconds(call: Callable[[], object], repeat: int) -> float:
    """Least processor time of several calls, all threads together."""
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def network_seconds(clip: Path, name: str) -> float:
    """Processor time of an extractor's network for the whole clip, from two of its windows."""
    runtime = Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource.parse("dummy"))
    extractor = get_extractor(name)
    extractor.load(runtime)
    with MediaItem.open(clip) as item:
        windows = list(extractor.windows(item))
        taken = cpu_seconds(lambda: extractor.run(windows[:2], runtime), 1)
    return taken * len(windows) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        clip = arguments.clip or render(Path(name) / "clip.mp4")
        num_frames = prepare(clip, EXTRACTORS)
        once_s = cpu_seconds(lambda: prepare(clip, EXTRACTORS), arguments.repeat)
        twice_s = cpu_seconds(lambda: [prepare(clip, [n]) for n in EXTRACTORS], arguments.repeat)
        decode_s = cpu_seconds(lambda: decode(clip), arguments.repeat)
        print(f"{num_frames} frames, Synchformer and ImageBind, protocol fastvideo; frames per second of one core")
        print(f"decoded and prepared in one pass {num_frames / once_s:.0f}, one pass each {num_frames / twice_s:.0f}, "
              f"ratio {twice_s / once_s:.2f}; full-size RGB alone {num_frames / decode_s:.0f}")  # fmt: skip
        if arguments.full:
            parts = {"decoding": decode_s, "preparing": max(once_s - decode_s, 0.0)}
            parts |= {f"network of {n}": network_seconds(clip, n) for n in EXTRACTORS}
            total = sum(parts.values())
            print("; ".join(f"{part} {seconds:.1f} s ({seconds / total:.0%})" for part, seconds in parts.items()))


if __name__ == "__main__":
    main()
