"""KL divergence: are the same kinds of sound in the generated clip as in the reference?

    KL(reference || generated) = sum over classes of p log(p / q),  p, q = softmax of the mean logits

Per clip, from the logits of an AudioSet tagger averaged over windows. It asks whether the same kinds of sound
occur, and ignores when; it says nothing about quality. Published as KL-PaSST or MKL.

A good value: 0 is equal classes; two real recordings of one scene are not at 0, so compare models, with one tagger.
Not seen: timing, sound quality, what tells two sounds of one class apart.

Source: Kreuk et al., "AudioGen" (2023); av-benchmark kl.py; FastVideo audio.kl_divergence.
"""

from __future__ import annotations

import numpy as np

from avmeter.errors import SkipCode, SkipError
from avmeter.metrics.backbone_metric import BackboneMetric
from avmeter.metrics.base import FeatureSet, Need
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample
from avmeter.stats.divergence import kl_both


@register("audio.kl_divergence")
class KlDivergence(BackboneMetric):
    """KL(reference || generated) in nats over softmax class probabilities; 0 is equal; lower is better."""

    direction = "lower"
    unit = "nats"
    range = (0.0, None)
    needs_classes = True

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.generated_need(), self.reference_need())

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        logits = {}
        for side in ("generated", "reference"):
            found = features[side].arrays.get("logits")
            if found is None:
                raise SkipError(
                    SkipCode.TOO_SHORT, f"{sample.id}: {side} is too short for the tagger, which needs 0.16 s"
                )
            if not np.isfinite(found).all():
                raise SkipError(SkipCode.NON_FINITE, f"{sample.id}: logits of the {side} side are not finite")
            logits[side] = found[None]
        softmax, sigmoid = kl_both(**logits)
        softmax = max(softmax, 0.0)
        details = {
            "kl_softmax": softmax,
            "kl_sigmoid": sigmoid,
            "backbone": self.backbone,
            "used_seconds": features["generated"].facts.get("used_seconds"),
            "reference_used_seconds": features["reference"].facts.get("used_seconds"),
        }
        if softmax < 1e-9:
            details["question"] = "generated and reference sound the same to the tagger: is it one file?"
        return MetricResult(self.name, softmax, details)
