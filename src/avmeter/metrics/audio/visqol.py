"""ViSQOL: how good is the sound beside its reference, as listeners would say?

A mean opinion score from 1 to 5 that is predicted from the similarity of gammatone spectrograms, patch by patch, after
levels were made equal and delays found. For sound that should be the same to the ear: codecs, vocoders, enhancement,
another precision. `mode="speech"` is for voices: 16 kHz, patches in which somebody speaks, and the exponential mapping
(`--use_lattice_model=false` of the published program), which is kinder to bad speech than its lattice network.

A good value: sound: 4.73 is the same, good codecs have 4.3 and more. Speech: 5 is the same, 3.5 has noise that is
heard. Details have the similarity of every band.
Not seen: stereo, a difference of level, and a delay of the whole clip. Other sound that is as good: without the same
content the score is low.

Source: Chinen et al., "ViSQOL v3: An Open Source Production Ready Objective Speech and Audio Metric" (2020, arXiv
2004.09584); Hines et al., "ViSQOLAudio" (2015); google/visqol 3.3.3 by way of visqol-python 3.8.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avmeter.metrics.base import FeatureSet, Metric, Need
from avmeter.metrics.details import with_notes
from avmeter.protocols import FASTVIDEO
from avmeter.registry import register
from avmeter.result import MetricResult
from avmeter.sample import Sample

_DURATION_TOLERANCE_S = 1.0  # beyond which the published program warns


@register("audio.visqol")
class Visqol(Metric):
    """Mean opinion score beside a reference, 1 to 5; higher is better.

    Args:
        mode: "audio": sound of any kind at 48 kHz; "speech": voices at 16 kHz.
        protocol: Makes no difference here.
    """

    direction = "higher"
    unit = "MOS"
    range = (1.0, 5.0)

    def __init__(self, *, mode: str = "audio", protocol: str = FASTVIDEO) -> None:
        super().__init__(protocol=protocol)
        self.mode = mode

    @classmethod
    def choices(cls) -> Mapping[str, Sequence[str]]:
        return {**super().choices(), "mode": ("audio", "speech")}

    def options(self) -> Mapping[str, Any]:
        return {**super().options(), "mode": self.mode}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need(name="pair", field=("audio", "reference_audio"), extractor="visqol", options={"mode": self.mode}),)

    def score(self, sample: Sample, features: FeatureSet) -> MetricResult:
        pair = features["pair"]
        durations = pair.facts["duration_s"], pair.facts["reference_duration_s"]
        notes = []
        if abs(durations[0] - durations[1]) > _DURATION_TOLERANCE_S:
            notes.append(f"{durations[0]:.2f} s against {durations[1]:.2f} s: what has no counterpart is left out")
        details = {**pair.facts, "bands": [float(value) for value in pair["bands"]], "mode": self.mode}
        return MetricResult(self.name, pair.facts["mos"], with_notes(details, notes))
