"""Scores of a batch as rewards for training: tensors in, a tensor out.

model = RewardModel({"audio.clap_score": 1.0, "audio.audiobox_aesthetics": 0.5}, anchors={"audio.clap_score": 0.2})
rewards = model(waves, sample_rate=48_000, text_prompts=prompts)
rewards.total      # (N,)
rewards.mask       # False where a term has no score; such rewards are the skip value
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.result import MetricResult, Skip

_SIGNS = {"higher": 1.0, "lower": -1.0}


@dataclass(frozen=True, kw_only=True)
class Rewards:
    """Rewards of a batch of N samples.

    Attributes:
        total: (N,) float32.
        components: Metric -> (N,) float32, its scores with the sign by which more is better; NaN where there is none.
        gate: (N,) float32 in [0, 1], what the terms that are no anchors were multiplied by.
        mask: (N,) bool, True where every term has a score.
        skips: For each sample, the metrics without a score and why.
    """

    total: torch.Tensor
    components: Mapping[str, torch.Tensor]
    gate: torch.Tensor
    mask: torch.Tensor
    skips: Sequence[Mapping[str, Skip | None]]

    def scalars(self, prefix: str = "reward/") -> dict[str, float]:
        """Return finite numbers for a tracker: means of the total, the gate and each component, and counts of skips."""
        found = {f"{prefix}total": _mean(self.total), f"{prefix}gate": _mean(self.gate)}
        for name, values in self.components.items():
            is_scored = values.isfinite()
            if bool(is_scored.any()):
                found[f"{prefix}{name}"] = _mean(values[is_scored])
            found[f"{prefix}{name}/skipped"] = float((~is_scored).sum())
        return found


class RewardModel:
    """Scores batches with a fixed set of metrics, whose networks stay loaded.

    A term adds its weight times the metric's score, with the sign by which more is better (`Metric.direction`). An
    anchor is a term, such as the agreement with the prompt, that holds the others: where its score lies below a
    threshold, they count in proportion, and not at all at 0 or below. So sound that pleases a judge of quality and
    leaves the prompt behind earns nothing.

    Args:
        terms: Metric -> weight; or names alone, whose weight is then one over the width of the range of their
            scores, or 1 where that has no end.
        anchors: Metric among them -> score from which the others count in full; above 0.
        skip_value: Reward of a sample of which a term has no score.
        device: As for `Evaluator`.
        **options: Other options of `Evaluator`: weights=, precision=, options= ...

    Raises:
        UsageError: A metric has no score for a sample or no better end, or an anchor is no term or has no threshold.
        UnknownNameError: No such metric.
    """

    def __init__(
        self,
        terms: Mapping[str, float] | Sequence[str],
        *,
        anchors: Mapping[str, float] | None = None,
        skip_value: float = 0.0,
        device: str = "auto",
        **options: Any,
    ) -> None:
        self._evaluator = Evaluator(list(terms), device, **options)
        metrics = self._evaluator.metrics
        self._signs = {name: _sign(metric) for name, metric in metrics.items()}
        explicit = terms if isinstance(terms, Mapping) else {}
        self.weights = {name: float(explicit.get(name, _weight(metric))) for name, metric in metrics.items()}
        self._anchors = dict(anchors or {})
        for name, threshold in self._anchors.items():
            if name not in metrics or self._signs[name] < 0 or not threshold > 0:
                raise UsageError(
                    f"anchor `{name}` with threshold {threshold}",
                    hint="an anchor is one of the terms, of which more is better, with a threshold above 0",
                )
        self._skip_value = skip_value

    def __call__(
        self,
        audio: torch.Tensor | Sequence[torch.Tensor] | None = None,
        *,
        sample_rate: int | None = None,
        video: torch.Tensor | Sequence[torch.Tensor] | None = None,
        fps: float | None = None,
        text_prompts: Sequence[str] | None = None,
        extras: Sequence[Mapping[str, Any]] | None = None,
    ) -> Rewards:
        """Return the rewards of a batch, on the device of its tensors.

        Args:
            audio: (N, samples) or (N, channels, samples), or a list of N waveforms of any lengths.
            sample_rate: Hz, of `audio`.
            video: (N, T, C, H, W), or a list of N clips.
            fps: Frames per second, of `video`.
            text_prompts: One for each sample.
            extras: More keys for each sample: reference_text, reference_audio ...

        Raises:
            UsageError: Nothing was given, a rate is missing, or numbers differ.
        """
        columns = {
            "audio": None if audio is None else [(wave, sample_rate) for wave in audio],
            "video": None if video is None else list(video),
            "text_prompt": text_prompts,
        }
        samples = _samples(columns, extras, fps)
        device = next((x.device for x in (audio, video) if isinstance(x, torch.Tensor)), torch.device("cpu"))
        return self._combine(self._evaluator.evaluate(samples), device)

    def _combine(self, rows: Sequence[Mapping[str, MetricResult]], device: torch.device) -> Rewards:
        components = {
            name: torch.tensor(
                [float("nan") if row[name].score is None else sign * float(row[name].score or 0.0) for row in rows],
                dtype=torch.float32,
                device=device,
            )
            for name, sign in self._signs.items()
        }
        gate = torch.ones(len(rows), device=device)
        for name, threshold in self._anchors.items():
            gate = torch.minimum(gate, (components[name] / threshold).clamp(0.0, 1.0))
        total = torch.zeros(len(rows), device=device)
        for name, values in components.items():
            total += self.weights[name] * (values if name in self._anchors else gate * values)
        mask = torch.stack(list(components.values())).isfinite().all(dim=0)
        return Rewards(
            total=torch.where(mask, total, torch.full_like(total, self._skip_value)),
            components=components,
            gate=torch.nan_to_num(gate, nan=0.0),
            mask=mask,
            skips=[{n: r.skip for n, r in row.items() if r.score is None} for row in rows],
        )

    def unload(self) -> None:
        """Drop the networks, to free the device; the next batch builds them again."""
        self._evaluator.unload()


def _sign(metric: Metric) -> float:
    if isinstance(metric, CorpusMetric) and not metric.per_sample:
        raise UsageError(f"{metric.name}: a corpus has a score, a sample has none", hint="take a metric of samples")
    if metric.direction not in _SIGNS:
        raise UsageError(f"{metric.name}: neither more nor less of it is better", hint="take another metric")
    return _SIGNS[metric.direction]


def _weight(metric: Metric) -> float:
    low, high = metric.range
    return 1.0 if low is None or high is None else 1.0 / (high - low)


def _samples(
    columns: Mapping[str, Sequence[Any] | None], extras: Sequence[Mapping[str, Any]] | None, fps: float | None
) -> list[dict[str, Any]]:
    there: dict[str, Sequence[Any]] = {key: values for key, values in columns.items() if values is not None}
    sizes = {key: len(values) for key, values in there.items()} | ({} if extras is None else {"extras": len(extras)})
    if len(set(sizes.values())) != 1:
        raise UsageError(
            f"a batch of {', '.join(f'{n} {key}' for key, n in sizes.items()) or 'nothing'}",
            hint="give audio= or video=, and one prompt and one dict of extras for each sample",
        )
    if any(sample[1] is None for sample in there.get("audio", ())):
        raise UsageError("audio= without sample_rate=", hint="sample_rate=48_000")
    rate = {} if fps is None else {"fps": fps}
    (size,) = set(sizes.values())
    return [
        {key: values[i] for key, values in there.items()} | rate | (dict(extras[i]) if extras is not None else {})
        for i in range(size)
    ]


def _mean(values: torch.Tensor) -> float:
    return float(values.double().mean()) if len(values) else 0.0
