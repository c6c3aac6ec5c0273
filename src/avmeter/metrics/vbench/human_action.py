"""Human action: is the action of the prompt recognised in the video?

UMT-L gives each action of Kinetics-400 a probability of its own, from sixteen frames from the first to the last. The
score is 1 if the action of `text_prompt` is among the five likeliest and has 0.85 or more, else 0. The prompt is an
action of the 400, or a sentence that ends with one behind "person is", as VBench's do: "A person is riding a bike".

Differs from FastVideo, which compares the whole prompt and so gives 0 to every one of VBench's own. Differs from
VBench, as FastVideo does: there the frames are the middles of sixteen equal parts, resized as bytes without
antialiasing, and a video of fewer than sixteen frames repeats its last one; here it is a skip.

A good value: VBench's paper has 0.78 to 0.97 over its 100 prompts; one clip says little.
Not seen: who acts, how well, and where; any action that is not among the 400, which is a skip (FastVideo: 0).

Source: Huang et al., "VBench: Comprehensive Benchmark Suite for Video Generative Models" (2024); Li et al., "Unmasked
Teacher" (2023).
"""

from __future__ import annotations

import numpy as np

from avmeter.errors import SkipCode
from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.nets.umt import actions
from avmeter.registry import register
from avmeter.result import MetricResult, Skip
from avmeter.sample import Sample

NUM_NAMED = 5
LEAST_PROBABILITY = 0.85
_INTRODUCTION = "person is "


def action_of(prompt: str) -> str:
    """Return the action that a prompt asks for: what stands behind "person is", or all of it; in lower case."""
    return prompt.lower().rpartition(_INTRODUCTION)[2].strip().rstrip(".")


@register("vbench.human_action")
class HumanAction(Metric):
    """1 if the action is recognised, else 0; higher is better. The mean over clips is an accuracy."""

    direction = "higher"
    range = (0.0, 1.0)
    requires = ("text_prompt",)

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="actions", field="video", extractor="umt"),)

    def check(self, sample: Sample) -> Skip | None:
        prompt = sample.text("text_prompt")
        if prompt is None:
            return Skip(
                code=SkipCode.MISSING_INPUT,
                reason=f"{sample.id}: no `text_prompt` given",
                hint="give `text_prompt=`, an action of Kinetics-400",
                field="text_prompt",
            )
        if action_of(prompt) in actions():
            return None
        return Skip(
            code=SkipCode.UNSUPPORTED,
            reason=f"{sample.id}: the prompt names no action of Kinetics-400",
            hint='give an action of the 400 ("riding a bike"), or a sentence that ends with one behind "person is"',
        )

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        logits = features["actions"]["logits"].astype(np.float64)
        likeliest = np.argsort(-logits, kind="stable")[:NUM_NAMED]
        probabilities = 1 / (1 + np.exp(-logits[likeliest]))
        names = [actions()[i] for i in likeliest]
        predictions = [n for n, p in zip(names, probabilities, strict=True) if p >= LEAST_PROBABILITY]
        action = action_of(sample.text("text_prompt") or "")
        details = {
            "predictions": predictions,
            "ground_truth": action,
            "likeliest": {n: float(p) for n, p in zip(names, probabilities, strict=True)},
            **features["actions"].facts,
        }
        return MetricResult(self.name, float(action in predictions), details)
