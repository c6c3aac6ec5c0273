"""Scoring beside a training: memory that comes back, rewards for a batch, and who waits for whom.

    python bench/in_training.py [--device cuda] [--metrics audio.clap_score ...] [--clips 8] [--only memory ...]

Weights are stand-ins, clips are noise in memory. On a CPU the memory is that of the process, and nobody can wait for a
stream. The training is a stack of linear layers in bfloat16 with AdamW.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import torch
from torch import nn

from avmeter import Evaluator
from avmeter.rewards import RewardModel
from avmeter.training import BackgroundEvaluator

METRICS = ["audio.clap_score", "audio.audiobox_aesthetics", "audio.imagebind_score", "audio.desync"]
RATE, FPS = 48_000, 24
AUDIO_S, VIDEO_S, PIXELS = 10.0, 5.0, 256
SLEEP_S = 3.0  # how long the kernel runs that the other side must not wait for
PARTS = ["memory", "rewards", "waiting", "training"]
MiB = 2**20


def waves(count: int, device: str, seed: int) -> torch.Tensor:
    """(N, samples), as a vocoder gives them."""
    made = torch.Generator(device).manual_seed(seed)
    return 0.1 * torch.randn(count, int(AUDIO_S * RATE), generator=made, device=device)


def videos(count: int, device: str, seed: int) -> torch.Tensor:
    """(N, T, C, H, W) in bfloat16, as a VAE gives them."""
    made = torch.Generator(device).manual_seed(seed)
    shape = (count, int(VIDEO_S * FPS), 3, PIXELS, PIXELS)
    return torch.rand(shape, generator=made, device=device, dtype=torch.bfloat16)


def samples(count: int, device: str, seed: int) -> list[dict[str, Any]]:
    clips = zip(waves(count, device, seed), videos(count, device, seed), strict=True)
    return [{"audio": (w, RATE), "video": v, "fps": FPS, "text_prompt": "a dog barks"} for w, v in clips]


class Training:
    """A step, again and again."""

    def __init__(self, device: str) -> None:
        width = 4096 if device == "cuda" else 256
        layers = [layer for _ in range(8) for layer in (nn.Linear(width, width), nn.GELU())]
        self.model = nn.Sequential(*layers).to(device, torch.bfloat16)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.batch = torch.randn(width, width, device=device, dtype=torch.bfloat16)

    def step(self) -> None:
        self.optimizer.zero_grad()
        loss = self.model(self.batch).square().mean()
        loss.backward()
        self.optimizer.step()
        loss.item()

    def steps_per_s(self, until: Callable[[float], bool]) -> float:
        """Steps per second until a condition of the seconds that have passed."""
        count, began = 0, time.monotonic()
        while not until(time.monotonic() - began):
            self.step()
            count += 1
        return count / (time.monotonic() - began)


def memory(device: str) -> str:
    """What torch holds of the card and what all processes do; on a CPU what this process has."""
    gc.collect()
    if device == "cpu":
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return f"{resident / MiB:.0f} MiB resident"
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    return (
        f"{torch.cuda.memory_allocated() / MiB:.0f} MiB of tensors, {torch.cuda.memory_reserved() / MiB:.0f} MiB "
        f"reserved, {(total - free) / MiB:.0f} MiB of the card in use"
    )


def measure_memory(metrics: list[str], device: str, clips: int) -> None:
    """Of networks in this process, then in one of their own."""
    given = samples(clips, device, 0)
    for executor in ("local", "process"):
        evaluator = Evaluator(metrics, device, weights="dummy", executor=executor)
        print(f"memory, executor={executor}, before: {memory(device)}")
        for _ in range(2):
            timed("scored", device, lambda scored=evaluator.evaluate: scored(given))
            timed("unloaded", device, evaluator.unload)
            evaluator.reload()
        evaluator.shutdown()


def timed(name: str, device: str, call: Callable[[], object]) -> None:
    began = time.monotonic()
    call()
    print(f"memory, {name}, {time.monotonic() - began:.1f} s: {memory(device)}", flush=True)


def measure_rewards(metrics: list[str], device: str, batch: int) -> None:
    for precision in ("float32", "bf16"):
        model = RewardModel(metrics, device=device, weights="dummy", precision=precision)
        prompts = [f"a clip, number {i}" for i in range(batch)]

        def rewards(seed: int, model: RewardModel = model, prompts: list[str] = prompts) -> torch.Tensor:
            given = model(
                waves(batch, device, seed),
                sample_rate=RATE,
                video=videos(batch, device, seed),
                fps=FPS,
                text_prompts=prompts,
            )
            assert bool(given.mask.all()), given.skips
            return given.total

        first = rewards(0)
        began = time.monotonic()
        for seed in range(3):
            last = rewards(seed)
        seconds = (time.monotonic() - began) / 3
        same = torch.equal(first, rewards(0)) and not torch.equal(first, last)
        print(
            f"rewards, {precision}: {seconds:.2f} s for a batch of {batch}, {batch / seconds:.1f} clips/s; "
            f"the same batch again {'has the same rewards' if same else 'DIFFERS'}",
            flush=True,
        )
        model.unload()


@contextlib.contextmanager
def on_the_stream_of_the_training(evaluator: Evaluator) -> Iterator[Callable[[list[Any]], Future[Any]]]:
    """Score in a thread that has no stream of its own."""
    threads = []

    def submit(given: list[Any]) -> Future[Any]:
        future: Future[Any] = Future()
        threads.append(threading.Thread(target=lambda: future.set_result(evaluator.evaluate(given))))
        threads[-1].start()
        return future

    yield submit
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def in_the_background(evaluator: Evaluator) -> Iterator[Callable[[list[Any]], Future[Any]]]:
    with BackgroundEvaluator(evaluator) as background:
        yield background.submit


def sleep_on_the_card(seconds: float) -> None:
    """A kernel that does nothing for so long, on the stream of this thread."""
    torch.cuda._sleep(int(seconds * 1.98e9))


def measure_waiting(metrics: list[str], device: str, clips: int) -> None:
    """Score while a kernel of the training runs: who has a stream of their own need not wait for its end."""
    evaluator = Evaluator(metrics, device, weights="dummy")
    given = [{**s, "audio": (s["audio"][0].cpu(), RATE), "video": s["video"].cpu()} for s in samples(clips, device, 1)]
    evaluator.evaluate(given)
    for name, way in (("a stream of its own", in_the_background), ("the same", on_the_stream_of_the_training)):
        with way(evaluator) as submit:
            submit(given).result()  # the first time that a thread calls cuDNN, it waits for all of the card
            torch.cuda.synchronize()
            began, kernel = time.monotonic(), torch.cuda.Event()
            sleep_on_the_card(SLEEP_S)
            kernel.record()
            submit(given).result()
            seconds, is_running = time.monotonic() - began, not kernel.query()
            torch.cuda.synchronize()
            print(
                f"waiting, {name}: scores after {seconds:.1f} s, while the kernel "
                f"{'still runs' if is_running else 'is over'}; the kernel took {time.monotonic() - began:.1f} s",
                flush=True,
            )
    evaluator.shutdown()


def measure_training(metrics: list[str], device: str, clips: int) -> None:
    training, alone_s = Training(device), 3.0 if device == "cuda" else 1.0
    training.step()
    alone = training.steps_per_s(lambda seconds: seconds > alone_s)
    print(f"training alone: {alone:.1f} steps/s")
    given = samples(clips, device, 2)
    for name, executor, way in (
        ("in a thread, a stream of its own", "local", in_the_background),
        ("in a thread, the same stream", "local", on_the_stream_of_the_training),
        ("in a process", "process", in_the_background),
    ):
        evaluator = Evaluator(metrics, device, weights="dummy", executor=executor)
        evaluator.evaluate(given)
        began = time.monotonic()
        evaluator.evaluate(given)
        seconds = time.monotonic() - began
        with way(evaluator) as submit:
            began = time.monotonic()
            future = submit(given)
            rate = training.steps_per_s(lambda _, future=future: future.done())
            future.result()
            print(
                f"training, scoring {name}: {rate:.1f} steps/s ({rate / alone:.0%}) for {time.monotonic() - began:.1f} "
                f"s; scoring alone {seconds:.1f} s for {clips} clips",
                flush=True,
            )
        evaluator.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--metrics", nargs="+", default=METRICS)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    metrics, device = options.metrics, options.device
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    print(f"{name}, {os.cpu_count()} cores, torch {torch.__version__}, metrics: {', '.join(metrics)}", flush=True)
    if "memory" in options.only:
        measure_memory(metrics, device, options.clips)
    if "rewards" in options.only:
        measure_rewards(metrics, device, options.batch)
    if "waiting" in options.only and device == "cuda":
        measure_waiting(metrics, device, options.clips)
    if "training" in options.only:
        measure_training(metrics, device, options.clips)


if __name__ == "__main__":
    main()
