"""Clips per second of the network metrics on one device: decoding included, feature store off, stand-in weights.

    python bench/gpu.py --media FOLDER [--clips 24] [--precision float32 --precision tf32 ...] [--gpus N]

Every clip of the run has bytes of its own, and so has every reference, so that nothing is computed once for two. The
first pass loads the networks, starts decoding processes, and is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import torch

from avmeter import create_evaluator, list_metrics

METRICS = (
    "audio.clap_score", "audio.desync", "audio.imagebind_score", "audio.kl_divergence", "audio.frechet_distance",
    "audio.audiobox_aesthetics",
)  # fmt: skip


def distinct_copies(media: list[Path], folder: Path, count: int, tag: str) -> list[Path]:
    """Copies whose bytes differ by an empty box at the end, which players skip."""
    copies = []
    for i in range(count):
        source = media[i % len(media)]
        target = folder / f"{tag}{i:03d}{source.suffix}"
        payload = f"{tag}{i:08d}".encode()
        target.write_bytes(source.read_bytes() + (8 + len(payload)).to_bytes(4, "big") + b"free" + payload)
        copies.append(target)
    return copies


def samples_of(media: list[Path], folder: Path, count: int, tag: str) -> list[dict[str, str]]:
    """Generated clips with references of their own and prompts of their own."""
    clips = distinct_copies(media, folder, count, f"{tag}g")
    references = distinct_copies(media[1:] + media[:1], folder, count, f"{tag}r")
    return [
        {"video": str(c), "reference_audio": str(r), "text_prompt": f"a clip of people and things, number {i}"}
        for i, (c, r) in enumerate(zip(clips, references, strict=True))
    ]


def busy_core_seconds() -> float:
    """Core seconds of this machine since it was started, in which a core was not idle."""
    times = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")


def decoder_memory() -> str:
    """Memory of the decoding processes: their own, and what they share with the run."""
    own, shared = [], []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"avmeter.engine.decode.worker" not in (process / "cmdline").read_bytes():
                continue
            status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
            own.append(int(status["RssAnon"].split()[0]) / 1024)
            shared.append(int(status["RssShmem"].split()[0]) / 1024)
        except (OSError, KeyError):  # it ended meanwhile
            continue
    if not own:
        return "no decoding processes"
    return f"{len(own)} decoding processes of up to {max(own):.0f} MiB and {max(shared):.0f} MiB shared"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--precision", action="append")
    parser.add_argument("--processes", type=int, help="decoding processes of each GPU; default is the package's own")
    parser.add_argument("--decoder", default="libav")
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--scores", type=Path, help="write the scores of the first precision's warm-up here")
    options = parser.parse_args()
    media = sorted(p for p in options.media.iterdir() if p.suffix == ".mp4")
    metrics = [m for m in METRICS if m in list_metrics()]
    name = torch.cuda.get_device_name() if options.device == "cuda" else "cpu"
    print(f"{name}, torch {torch.__version__}, {len(media)} media files, metrics: {', '.join(metrics)}")
    folder = Path(tempfile.mkdtemp(prefix="avmeter-bench-"))
    try:
        for precision in options.precision or ["float32", "tf32", "fp16", "bf16"]:
            began = time.monotonic()
            evaluator = create_evaluator(
                metrics,
                options.device,
                options.gpus,
                weights="dummy",
                precision=precision,
                store=None,
                loader_processes=options.processes,
                **({} if options.decoder == "libav" else {"decoder": options.decoder}),
            )
            # As many as start everything: decoding processes, and on several GPUs a worker for each.
            warm = evaluator.evaluate(samples=samples_of(media, folder, 16 * options.gpus, f"{precision}w"))
            loaded = time.monotonic() - began
            if options.scores is not None and precision == "float32":
                rows = [{k: [r.score, str(r.skip)] for k, r in row.items()} for row in warm]
                corpus = {k: r.score for k, r in warm.corpus.items()}
                options.scores.write_text(json.dumps({"rows": rows, "corpus": corpus}, indent=1))
            timed = samples_of(media, folder, options.clips, f"{precision}t")
            began, busy = time.monotonic(), busy_core_seconds()
            results = evaluator.evaluate(samples=timed)
            seconds, busy = time.monotonic() - began, busy_core_seconds() - busy
            skipped = sum(r.score is None for row in results for r in row.values())
            memory = torch.cuda.max_memory_allocated() / 2**30 if options.device == "cuda" else 0.0
            print(
                f"{precision}, {options.gpus} GPU: {options.clips / seconds:.2f} clips/s ({seconds:.1f} s for "
                f"{options.clips}; {busy / options.clips:.2f} core seconds a clip, {busy / seconds:.1f} cores busy; "
                f"first with loading {loaded:.0f} s; {skipped} skips; {memory:.1f} GiB; {decoder_memory()})",
                flush=True,
            )
            evaluator.shutdown()
            del evaluator
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
