"""Clips per second of `audio.wer` on one device: decoding, voice activity and transcripts, nothing stored.

    python bench/transcripts.py --speech FOLDER [--clips 960] [--precision fp16] [--device cuda] [--model FOLDER]
    python bench/transcripts.py --speech FOLDER --make 96

A folder of speech holds sound files, each with a text file of its name. `--make` fills one by espeak-ng (extra `demo`).
Every clip of the run has bytes of its own, as in `gpu.py`. The first pass loads the model, and is not timed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from gpu import busy_core_seconds, distinct_copies

from avmeter import create_evaluator
from avmeter.demo.speech import speak
from avmeter.media.write import write_audio

SPOKEN = (
    "the train to London leaves at ten and nobody knew where the old road would lead them so they went on until it was "
    "dark while she sold fresh bread at the market every Saturday morning and the children ran home before the rain"
)


def make(folder: Path, count: int) -> None:
    """Write sentences of 5 to 20 words as FLAC in MP4, with their texts."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    words = SPOKEN.split()
    for i in range(count):
        text = " ".join(rng.choice(words, rng.integers(5, 21)))
        samples, rate = speak(text, "en-us", sample_rate=16_000, words_per_minute=140 + 5 * (i % 8))
        write_audio(folder / f"{i:03d}.mp4", samples[None], rate)
        (folder / f"{i:03d}.txt").write_text(text + "\n")


def samples_of(files: list[Path], folder: Path, count: int, tag: str) -> list[dict[str, str]]:
    """Clips of bytes of their own, with what is said in them."""
    texts = [file.with_suffix(".txt").read_text().strip() for file in files]
    copies = distinct_copies(files, folder, count, tag)
    return [{"audio": str(c), "reference_text": texts[i % len(texts)]} for i, c in enumerate(copies)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--make", type=int, default=0, help="fill the folder with so many sentences, and end")
    parser.add_argument("--clips", type=int, default=960)
    parser.add_argument("--precision", action="append")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", default="base", help="name or folder of a Whisper of CTranslate2")
    options = parser.parse_args()
    if options.make:
        make(options.speech, options.make)
        return
    files = sorted(options.speech.glob("*.mp4"))
    for precision in options.precision or ["float32", "fp16"]:
        with tempfile.TemporaryDirectory(prefix="avmeter-transcripts-") as name:
            evaluator = create_evaluator(
                ["audio.wer"],
                options.device,
                precision=precision,
                store=None,
                options={"audio.wer": {"model_name": options.model}},
            )
            evaluator.evaluate(samples=samples_of(files, Path(name), 48, "w"))
            timed = samples_of(files, Path(name), options.clips, "t")
            began, busy = time.monotonic(), busy_core_seconds()
            results = evaluator.evaluate(samples=timed)
            took, busy = time.monotonic() - began, busy_core_seconds() - busy
            print(
                f"{precision}: {options.clips / took:.1f} clips/s ({took:.1f} s for {options.clips}; {busy / took:.1f} "
                f"cores busy; word error rate {results.corpus['audio.wer'].score})",
                flush=True,
            )
            evaluator.shutdown()


if __name__ == "__main__":
    main()
