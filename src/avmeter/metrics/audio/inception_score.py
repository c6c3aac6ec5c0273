"""Inception score: are single clips clearly of some class, and the corpus of many?

    exp(mean over clips of KL(p(class | clip) || p(class)))

No reference enters, so it rewards confident and varied output, right or wrong. Mean over ten parts of the shuffled
corpus.

A good value: that of the reference corpus with as many clips; 1 is the worst, the number of classes the best.
Not seen: whether clips fit anything at all, variety within a class, sound quality.

Source: Salimans et al. (2016); parts and shuffle of av-benchmark isc.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.metrics.base import CorpusMetric, FeatureSet, Need
from avmeter.metrics.option_values import require_at_least
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.divergence import inception_score


@dataclass(kw_only=True)
class LogitsState:
    """Class logits of the generated clips, and their ids."""

    ids: list[str] = field(default_factory=list)
    rows: list[npt.NDArray[np.float32]] = field(default_factory=list)
    num_dropped: int = 0


@register("audio.inception_score")
class InceptionScoreMetric(BackboneMetric, CorpusMetric):
    """Inception score, from 1 to the number of classes; higher is better.

    Args:
        splits: Parts of the corpus; with fewer clips than parts there is no score.
    """

    direction = "higher"
    range = (1.0, None)
    takes_references = False
    min_samples = 10  # one for each part

    needs_classes = True

    def __init__(self, *, backbone: str = DEFAULT_BACKBONE, splits: int = 10, protocol: str = FASTVIDEO) -> None:
        super().__init__(backbone=backbone, protocol=protocol)
        require_at_least(1, splits=splits)
        self.splits = splits

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "splits": self.splits}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.generated_need(),)

    def start(self) -> LogitsState:
        return LogitsState()

    def update(self, state: LogitsState, sample: Sample, features: FeatureSet) -> LogitsState:
        logits = features["generated"].arrays.get("logits")
        if logits is None or not np.isfinite(logits).all():
            state.num_dropped += 1
        else:
            state.ids.append(sample.id)
            state.rows.append(np.asarray(logits, np.float32))
        return state

    def merge(self, a: LogitsState, b: LogitsState) -> LogitsState:
        return LogitsState(ids=a.ids + b.ids, rows=a.rows + b.rows, num_dropped=a.num_dropped + b.num_dropped)

    def finish(self, state: LogitsState) -> MetricResult:
        # The parts are drawn by position: sorting keeps the order of the samples out of the score.
        order = sorted(range(len(state.ids)), key=state.ids.__getitem__)
        rows = np.stack([state.rows[i] for i in order]) if state.rows else np.empty((0, self._backbone.classes))
        result = inception_score(rows, splits=self.splits)
        details = {
            "std": result.std,
            "splits": self.splits,
            "backbone": self.backbone,
            "n_gen": len(rows),
            "n_gen_dropped_nonfinite": state.num_dropped,
        }
        return MetricResult(self.name, result.mean, details)
