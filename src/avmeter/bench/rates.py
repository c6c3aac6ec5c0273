"""Clips per second of each metric, as a run of many clips reaches them here, and what would change them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from avmeter.bench.stages import StageSeconds, measure_stages
from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.local import LocalExecutor
from avmeter.engine.plan import make_plan
from avmeter.metrics.base import Metric
from avmeter.runtime.device import describe_device
from avmeter.sample import Sample

_MAX_STAGED = 4  # clips whose stages are taken apart
_MOSTLY = 0.5
_BUSY_LOAD = 0.5  # of the cores, before anything was measured


@dataclass(frozen=True, kw_only=True)
class MetricRate:
    """Speed of one metric.

    Attributes:
        metric: Its name.
        num_clips: Clips of the timed run; equal clips are computed once.
        clips_per_s: Clips over the duration of the run, networks loaded before.
        cpu_s: Seconds of processor time of this process for a clip, decoding processes left out.
        load_s: Seconds until networks were loaded and one clip was scored.
        stages: Milliseconds of a clip by stage, each measured alone: "decode", "prepare", "transfer", "forward".
        wait: Milliseconds of a clip in which a GPU had nothing to do; on a CPU, core time that none of the stages took.
        skipped: Why there is no score, if there is none.
    """

    metric: str
    num_clips: int
    clips_per_s: float
    cpu_s: float
    load_s: float
    stages: Mapping[str, float]
    wait: float
    skipped: str | None = None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the rates were measured on.

    Attributes:
        device: Human-readable name.
        on_gpu: Networks run on a GPU.
        precision: Of the networks.
        num_lanes: Batches at once on the CPU.
        threads: Threads of each.
        load: Processes that wanted a core just before, on average; None where the system does not say.
    """

    device: str
    on_gpu: bool
    precision: str
    num_lanes: int
    threads: int
    load: float | None


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Rates of metrics, and advice."""

    machine: Machine
    rates: Sequence[MetricRate]

    @property
    def advice(self) -> list[str]:
        """What to change, the most useful first."""
        return advise(self.machine, self.rates)

    def payload(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"machine": asdict(self.machine), "rates": [asdict(r) for r in self.rates], "advice": self.advice}


def run_benchmark(
    samples: Sequence[Sample],
    metrics: Mapping[str, Metric],
    config: EvaluatorConfig,
    *,
    progress: Callable[[str], None] | None = None,
) -> Benchmark:
    """Measure metrics one by one over the same samples; features are not stored between them.

    Args:
        samples: The clips.
        metrics: Name -> metric.
        config: Device, precision, decoding; its store is not used.
        progress: Called with the name of each metric before it is measured.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    executor = LocalExecutor(config.build_computer())
    rates = []
    try:
        for name, metric in metrics.items():
            if progress is not None:
                progress(name)
            rates.append(_measure(samples, metric, executor))
        runtime = executor.computer.runtime
        machine = Machine(
            device=describe_device(runtime.device),
            on_gpu=runtime.device.type == "cuda",
            precision=str(runtime.precision),
            num_lanes=runtime.cores.num_lanes,
            threads=runtime.cores.threads,
            load=load,
        )
    finally:
        executor.unload()
        executor.computer.store.close()
    return Benchmark(machine=machine, rates=rates)


def _measure(samples: Sequence[Sample], metric: Metric, executor: LocalExecutor) -> MetricRate:
    chosen = {metric.name: metric}
    started = time.perf_counter()
    executor.run(samples[:1], chosen)
    load_s = time.perf_counter() - started
    started, cpu_started = time.perf_counter(), time.process_time()
    rows, corpus = executor.run(samples, chosen)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
    results = [row[metric.name] for row in rows if metric.name in row] or list(corpus.values())
    reasons = [r.skip.reason for r in results if r.skip is not None]
    staged = samples[:_MAX_STAGED]
    runtime = executor.computer.runtime
    seconds = measure_stages(make_plan(staged, chosen, executor.extractors), runtime)
    stages = {name: 1000 * value / len(staged) for name, value in asdict(seconds).items()}
    wall_ms = 1000 * wall_s / len(samples)
    on_gpu = runtime.device.type == "cuda"
    idle_ms = wall_ms - stages["forward"] if on_gpu else wall_ms * runtime.cores.num_lanes - sum(stages.values())
    return MetricRate(
        metric=metric.name,
        num_clips=len(samples),
        clips_per_s=len(samples) / wall_s,
        cpu_s=cpu_s / len(samples),
        load_s=load_s,
        stages={name: round(value, 3) for name, value in stages.items()},
        wait=round(max(0.0, idle_ms), 3),
        skipped=reasons[0] if len(reasons) == len(results) and reasons else None,
    )


def advise(machine: Machine, rates: Sequence[MetricRate]) -> list[str]:
    """Return what would make these rates higher, in sentences."""
    scored = [r for r in rates if r.skipped is None]
    if not scored:
        return []
    spent = StageSeconds(
        **{s: sum(r.stages[s] for r in scored) / 1000 for s in ("decode", "prepare", "transfer", "forward")}
    )
    wait_s = sum(r.wait for r in scored) / 1000
    advice = []
    if machine.load is not None and not machine.on_gpu and machine.load > _BUSY_LOAD * machine.num_lanes:
        advice.append(f"other programs wanted {machine.load:.1f} cores when this began: the rates are lower for it")
    if machine.on_gpu:
        if spent.decode + spent.prepare > spent.forward and wait_s > _MOSTLY * (wait_s + spent.forward):
            advice.append("the GPU waits for decoding: more processes, --processes N, as far as there are cores")
        elif machine.precision == "float32":
            advice.append(
                "networks take the time: --precision fp16 or tf32; docs/performance.md says what it does to scores"
            )
        else:
            advice.append("networks take the time: more GPUs of one machine, `avmeter score --gpus N`")
        return advice
    slowest = max(scored, key=lambda r: 1 / r.clips_per_s)
    if spent.forward > _MOSTLY * spent.total:
        advice.append(f"networks take the time, {slowest.metric} the most: a GPU, or fewer metrics")
    else:
        advice.append("decoding and signal processing take the time: more cores; a GPU would not help")
    if machine.threads > 1:
        advice.append("too few clips for all cores: rates rise with more clips in a run")
    return advice
