"""Clips per second of Whisper by both engines, one by one and in batches, and whether batches change a word.

    python bench/bench_asr.py [--clips 32] [--batch 1 --batch 8 --batch 32] [--device cpu] [--precision float32]
                              [--model base] [--transformers FOLDER] [--audio clip.wav ...]

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
    parser.add_argument("--model", default="base", help="name or folder of a Whisper of CTranslate2")
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
    sizes = options.batch or (1, 8, 32)
    engines = (("whisper", {"model_name": options.model}), ("whisper_transformers", folder))
    texts: dict[str, list[str]] = {}
    for name, size, own in [(name, size, own) for name, own in engines for size in sizes]:
        recogniser = get_extractor(name, language="en", **own)
        try:
            recogniser.load(runtime)
        except AvmeterError as error:
            print(f"{name}: left out: {error.message}")
            continue
        batches = [windows[i : i + size] for i in range(0, len(windows), size)]
        with torch.inference_mode():
            recogniser.run(batches[0], runtime)
            outputs: list[Any] = []
            took = seconds(lambda r=recogniser, b=batches, o=outputs: [o.extend(r.run(x, runtime)) for x in b], device)
        said = [" ".join(s["text"] for s in output["segments"]) for output in outputs]
        num_changed = sum(a != b for a, b in zip(said, texts.setdefault(name, said), strict=True))
        print(
            f"{name:<22} batch {size:>3}: {len(windows) / took:7.2f} clips/s, {heard_s / took:7.1f} x real time, "
            f"{num_changed} texts differ from batch {sizes[0]}"
        )


if __name__ == "__main__":
    main()
