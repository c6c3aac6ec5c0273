"""Clips per second of Whisper: faster-whisper one by one, transformers one by one and in batches.

    python bench/bench_asr.py [--clips 32] [--batch 1 --batch 8 --batch 32] [--device cpu] [--precision float32]
                              [--transformers FOLDER] [--audio clip.wav ...]

Without `--audio`, espeak-ng speaks sentences of a few seconds (extra `demo`). Without `--transformers`, that engine
takes `whisper-base` of the catalog, which is fetched. Decoding of files, resampling and voice activity are not timed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from avmeter.demo.speech import speak
from avmeter.errors import AvmeterError
from avmeter.features.base import Window, get_extractor
from avmeter.media import MediaItem
from avmeter.runtime import Runtime
from avmeter.weights import WeightsSource

SENTENCES = (
    "The train to London leaves at ten o'clock.",
    "She sells fresh bread at the market every Saturday morning.",
    "Nobody knew where the old road would lead them, so they went on until it was dark.",
    "Stop here.",
)


def clips(options: argparse.Namespace) -> Iterator[MediaItem]:
    """Items to transcribe, as many as were asked for."""
    for i in range(options.clips):
        if options.audio:
            yield MediaItem.open(options.audio[i % len(options.audio)])
        else:
            pace = 130 + 5 * (i // len(SENTENCES))
            yield MediaItem.from_audio(*speak(SENTENCES[i % len(SENTENCES)], "en-us", words_per_minute=pace))


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Wall-clock time of `work`, with what it started on a GPU."""
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", default="float32", choices=("float32", "bf16", "fp16"))
    parser.add_argument("--transformers", type=Path, help="folder of a Whisper in the layout of transformers")
    parser.add_argument("--audio", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    device = torch.device(options.device)
    runtime = Runtime(device=device, precision=options.precision, weights=WeightsSource())
    windows: list[Window] = []
    recogniser: Any = get_extractor("whisper")
    for item in clips(options):
        with item:
            windows += recogniser.windows(item)
    heard_s = sum(w.duration_s for w in windows)
    print(f"{len(windows)} clips, {heard_s:.0f} s of sound, on {device} in {options.precision}")
    folder = {"model_name": str(options.transformers)} if options.transformers else {}
    runs = [("whisper", 1, {}), *(("whisper_transformers", size, folder) for size in options.batch or (1, 8, 32))]
    for name, size, own in runs:
        recogniser = get_extractor(name, language="en", **own)
        try:
            recogniser.load(runtime)
        except AvmeterError as error:
            print(f"{name}: left out: {error.message}")
            continue
        batches = [windows[i : i + size] for i in range(0, len(windows), size)]
        with torch.inference_mode():
            recogniser.run(batches[0], runtime)
            took = seconds(lambda r=recogniser, b=batches: [r.run(batch, runtime) for batch in b], device)
        print(f"{name:<22} batch {size:>3}: {len(windows) / took:7.2f} clips/s, {heard_s / took:7.1f} x real time")


if __name__ == "__main__":
    main()
