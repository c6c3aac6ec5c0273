"""Fidelity: is the sound that of its reference, sample by sample?

For sound that should be the same: another server, kernel, precision or codec with the same seed. The headline is the
signal-to-noise ratio, -20 log10 of the relative L2 error, in decibels and at most 120, which equal sound has. Details
have relative L2, cosine, the largest error, SI-SDR (which forgives another level), log-spectral distance and
multi-resolution STFT (which forgive small shifts of phase), of all channels.

Nothing is resampled, mixed or aligned. Another rate or number of channels is a skip, `sound_format_mismatch`, and
another length `length_mismatch`, unless `lengths` says what to do. A silent reference is a skip, `silent`.

As a gate: `avmeter score new/ --reference old/ -m audio.fidelity --fail-if 'audio.fidelity < 60'`.

A good value: 120 is the same. Of real clips, samples rounded to float16 have 73, to bfloat16 55, to 16 bits 70 to 85;
AAC, MP3 and Opus have 18 to 31. Under 0 the error is louder than the sound.
Not seen: what is heard. A delay of a millisecond has no fidelity, and cannot be told from another sound; `audio.visqol`
compares what is heard.

Source: Le Roux et al., "SDR - half-baked or well done?" (2019); Yamamoto et al., "Parallel WaveGAN" (2020, arXiv
1910.11480).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.details import with_notes
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample


@register("audio.fidelity")
class Fidelity(Metric):
    """Signal-to-noise ratio against the reference, in decibels, up to 120; higher is better.

    Args:
        lengths: Of sound of another length than its reference: "equal": a skip; "cut": the longer one is cut; "pad":
            silence is added to the shorter one, so that what is missing counts as an error.
        protocol: Makes no difference here.
    """

    direction = "higher"
    unit = "dB"
    range = (None, 120.0)

    def __init__(self, *, lengths: str = "equal", protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.lengths = lengths

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "lengths": self.lengths}

    @property
    def needs(self) -> tuple[Need, ...]:
        fields, options = ("audio", "reference_audio"), {"lengths": self.lengths}
        return (Need(name="pair", field=fields, extractor="fidelity", options=options),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        facts = features["pair"].facts
        notes = []
        if facts["num_generated_samples"] != facts["num_reference_samples"]:
            how = "silence was added to the shorter" if self.lengths == "pad" else "the longer was cut"
            notes.append(f"{facts['num_generated_samples']} samples against {facts['num_reference_samples']}: {how}")
        return MetricResult(self.name, facts["snr_db"], with_notes(facts, notes))
