"""Seconds of a clip on this CPU for metrics whose weights come with packages: one run of all, nothing stored.

    python bench/bench_cpu.py --media FOLDER [--clips 200] [--rounds 2] [--before CHECKOUT] [--metric NAME ...]

Clips of 2 to 3 s: pictures cut from the files of the folder, sound spoken by espeak-ng (extra `demo`), so that what
transcribes and judges speech has some. Every run is a process of its own, with networks loaded in it; runs of another
checkout take turns with those of this one. Processor time includes that of decoding processes.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

METRICS = (
    "audio.wer", "audio.dnsmos", "audio.distillmos", "audio.speaker_similarity", "audio.kl_divergence",
    "audio.loudness", "av.align",
)  # fmt: skip
OPTIONS = {"audio.wer": {"model_name": "base"}, "audio.kl_divergence": {"backbone": "yamnet"}}
SENTENCES = (
    "The train to London leaves at ten o'clock.",
    "She sells fresh bread at the market.",
    "Nobody knew where the old road would lead.",
    "The rain has stopped, so let us go out.",
)
FPS = 25.0


def make(folder: Path, media: list[Path], clips: int) -> None:
    """Write clips, and the sound that each is compared with."""
    from avmeter.demo.speech import speak
    from avmeter.media import FrameRequest, MediaItem
    from avmeter.media.write import write_clip, write_wav

    for i in range(clips):
        text, pace = SENTENCES[i % len(SENTENCES)], 140 + 3 * (i // len(SENTENCES) % 20)
        sound, rate = speak(text, "en-us" if i % 2 else "en", words_per_minute=pace)
        item = MediaItem.open(media[i % len(media)])
        count = int(len(sound) / rate * FPS)
        start = 7 * i % max(1, len(item.frame_times) - count)
        frames = item.frames(FrameRequest(indices=tuple(range(start, start + count))))[:]
        pictures = np.rint(frames * 255).astype(np.uint8).transpose(0, 2, 3, 1)
        write_clip(folder / f"{i:04d}.mp4", pictures, fps=FPS, samples=sound[None], sample_rate=rate)
        write_wav(folder / f"{i:04d}.wav", np.roll(sound, rate // 10)[None], rate)


def score(folder: Path, metrics: list[str]) -> None:
    """Score all clips of a folder once, and print what that took."""
    from avmeter import create_evaluator

    files = sorted(folder.glob("*.mp4"))
    samples: list[dict[str, str]] = [{"video": str(f), "reference_audio": str(f.with_suffix(".wav"))} for f in files]
    for i, sample in enumerate(samples):
        sample["reference_text"] = SENTENCES[i % len(SENTENCES)]
    options = {name: OPTIONS[name] for name in metrics if name in OPTIONS}
    began = time.perf_counter()
    evaluator = create_evaluator(metrics, "cpu", store=None, options=options)
    results = evaluator.evaluate(samples=samples)
    evaluator.shutdown()
    took, count = time.perf_counter() - began, len(samples)
    spent = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    skipped = sum(r.score is None for row in results for r in row.values())
    sums = {name: sum(row[name].score or 0.0 for row in results) / count for name in metrics if name in results[0]}
    print(
        f"{spent / count * 1e3:.0f} ms of processor time a clip, {took / count * 1e3:.0f} ms of wall time "
        f"({count} clips, {spent:.0f} s, {took:.0f} s; {skipped} skips, load {os.getloadavg()[0]:.0f}) "
        + " ".join(f"{name}={value:.9g}" for name, value in sums.items()),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, help="clips to cut pictures from")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--before", type=Path, help="another checkout")
    parser.add_argument("--metric", action="append", help="one of these alone")
    parser.add_argument("--made", type=Path, help="score what lies here; nothing else")
    options = parser.parse_args()
    metrics = options.metric or list(METRICS)
    if options.made is not None:
        score(options.made, metrics)
        return
    checkouts = {"now": Path(__file__).parent.parent}
    if options.before is not None:
        checkouts = {"before": options.before, **checkouts}
    with tempfile.TemporaryDirectory(prefix="avmeter-cpu-") as name:
        make(Path(name), sorted(p for p in options.media.iterdir() if p.suffix == ".mp4"), options.clips)
        for _ in range(options.rounds):
            for title, checkout in checkouts.items():
                print(title, end=" ", flush=True)
                command = [sys.executable, __file__, "--made", name]
                command += [part for metric in options.metric or () for part in ("--metric", metric)]
                subprocess.run(command, env={**os.environ, "PYTHONPATH": str(checkout / "src")}, check=True)


if __name__ == "__main__":
    main()
