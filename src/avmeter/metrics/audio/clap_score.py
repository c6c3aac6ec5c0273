"""CLAP score: does the sound match its prompt?

    cosine(embedding of the text, embedding of the sound)

What it says depends on the checkpoint: values of different ones do not compare. It knows which sounds occur, hardly in
which order or how often. Stored as the plain cosine; some papers print it times 100.

A clip shorter than the network's input (10 s; MS-CLAP: 7 s) is repeated to fill it, however short it is: see
`num_repeats`. A prompt above 512 tokens (LAION's own checkpoints and MS-CLAP: 77) is cut, with a note. An empty prompt
is a skip (`empty_text`), and so is silence (`silent`), which only av-benchmark scores.

A good value: that of the real clips with their captions, scored by the same checkpoint; shuffled pairs
show the floor.
Not seen: sound quality, timing, and most of what a caption says beside naming its sounds.

Source: Wu, Chen, Zhang et al., "Large-Scale Contrastive Language-Audio Pretraining" (ICASSP 2023); FastVideo
audio.clap_score; av-benchmark LAION-CLAP-Score.
"""

from __future__ import annotations

from avmeter.metrics.base import FeatureSet
from avmeter.metrics.clap_metric import ClapMetric
from avmeter.metrics.cosine import cosine
from avmeter.metrics.details import prompt_details
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.clap_score")
class ClapScore(ClapMetric):
    """Cosine of prompt and sound embeddings, -1 to 1; higher is better."""

    direction = "higher"
    unit = "cosine"
    range = (-1.0, 1.0)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        audio, text = features["audio"], features["text"]
        details = {**audio.facts, **prompt_details(text.facts), "scale": "cosine"}
        return MetricResult(self.name, cosine(text["embedding"], audio["embedding"], where=sample.id), details)
