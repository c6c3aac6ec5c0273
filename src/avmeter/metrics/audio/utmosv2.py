"""UTMOSv2: how natural would listeners call this speech, for the winner of the VoiceMOS Challenge 2024?

wav2vec 2.0 over the waveform beside EfficientNets over pictures of the spectrum, trained on listening tests of speech
synthesis at 16 kHz (fold 0 of `fusion_stage3`, the published default). It separates good systems from better ones,
where `audio.utmos` is at its end. The two have different scales. Pauses are left out: more than 0.3 s without a sample
above 0.1 of full scale, so that level counts, and of quiet speech nothing is left, a skip.

The published program reads 3 s and two cuts of 1.4 s at random, and mixes the spectra of the cuts with those of others
by random shares: the same clip scores differently each time. Here the draws are those that it makes after
`np.random.seed(0)`, for every clip, and a score stays the same. `num_repetitions` averages several of them, in the
paper 5; `mos_std` in the details says how far they are apart. Shorter sound is repeated. A batch on a GPU is float32
here and float16 there.

A good value: that of real speech of the same kind in the same run, scored with as many repetitions; papers report 3 to
3.5 for good synthesis, on the scale of opinion scores, 1 bad to 5 excellent.
Not seen: what is said, who says it, anything above 8 kHz, stereo; most of a clip of more than some seconds. Music and
effects are answered to as speech; silence and sound above 8 kHz only have a `warning` where they have a score.

Source: Baba et al., "The T05 System for The VoiceMOS Challenge 2024" (SLT 2024), by sarulab-speech/UTMOSv2. Its code is
MIT; no licence is stated for the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.option_values import require_at_least
from avmeter.metrics.quality import quality_details
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.utmosv2")
class Utmosv2Metric(Metric):
    """Mean opinion score of speech, about 1 to 5 without bounds; higher is better.

    Args:
        num_repetitions: Draws whose scores are averaged.
        protocol: Makes no difference here.
    """

    direction = "higher"
    unit = "MOS"

    def __init__(self, *, num_repetitions: int = 1, protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        require_at_least(1, num_repetitions=num_repetitions)
        self.num_repetitions = num_repetitions

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "num_repetitions": self.num_repetitions}

    @property
    def needs(self) -> tuple[Need, ...]:
        options = {"num_repetitions": self.num_repetitions}
        return (Need(name="audio", field="audio", extractor="utmosv2", options=options),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        details = quality_details(features["audio"].facts)
        return MetricResult(self.name, details["mos"], details)
