"""ViSQOL v3: how alike sound and its reference are heard to be; see `avmeter.dsp.visqol`.

Sound is read in mono at 48 kHz, speech at 16 kHz, resampled where the file has another rate: the published program
takes the file's own, and warns.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from avmeter.dsp.visqol.comparison import AUDIO, SPEECH, Mode, compare
from avmeter.dsp.visqol.quality import SupportVectors, speech_score
from avmeter.errors import SkipCode, SkipError, UnknownNameError
from avmeter.features.base import Features, PairExtractor
from avmeter.media import AudioSpec, MediaItem
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MODES: Mapping[str, Mode] = MappingProxyType({"audio": AUDIO, "speech": SPEECH})
_CHECKPOINT = "visqol-audio"


@register_extractor("visqol")
class VisqolExtractor(PairExtractor):
    """Array `bands`: mean similarity of each band.

    Facts `mos` (1 to 5), `similarity` (mean over bands), `num_patches`, `num_lost`, `lag_s` (by which sound was moved
    later to begin with its reference), `duration_s` and `reference_duration_s`.

    Args:
        mode: "audio" or "speech".
    """

    takes = "audio"
    option_names = ("mode",)
    _vectors: SupportVectors | None = None

    def __init__(self, *, mode: str = "audio") -> None:
        if mode not in MODES:
            raise UnknownNameError.among("mode", mode, MODES)
        self.mode = mode

    def weights(self) -> tuple[str, ...]:
        return (_CHECKPOINT,) if self.mode == "audio" else ()

    def load(self, runtime: Runtime) -> None:
        if self.mode == "audio":
            path = None if self.has_dummy_weights(runtime) else runtime.weights.path(_CHECKPOINT)
            self._vectors = SupportVectors.read(path) if path else SupportVectors.stand_in(AUDIO.num_bands)

    def unload(self) -> None:
        self._vectors = None

    def decoding_state(self) -> Mapping[str, Any]:
        return {"_vectors": self._vectors}

    def compare(self, generated: MediaItem, reference: MediaItem) -> Features:
        """Predict what listeners would say of a clip beside its reference."""
        mode = MODES[self.mode]
        x, y = (_waveform(clip, mode) for clip in (generated, reference))
        likeness = compare(y, x, mode)
        if likeness is None and mode.is_speech:
            raise SkipError(SkipCode.NO_SPEECH, f"{reference.name}: no speech that is compared in the reference")
        if likeness is None:
            raise SkipError(
                SkipCode.TOO_SHORT,
                f"{reference.name} has {len(y) / mode.sample_rate:.2f} s, {generated.name} "
                f"{len(x) / mode.sample_rate:.2f} s: too short to compare",
                hint="ViSQOL needs about a second, and is meant for 3 to 15",
            )
        mos = speech_score(likeness.bands) if self._vectors is None else self._vectors.score(likeness.bands)
        return Features(
            arrays={"bands": likeness.bands},
            facts={
                "mos": mos,
                "similarity": float(likeness.bands.mean()),
                "num_patches": len(likeness.matches),
                "num_lost": sum(match.is_lost for match in likeness.matches),
                "lag_s": likeness.lag_s,
                "duration_s": len(x) / mode.sample_rate,
                "reference_duration_s": len(y) / mode.sample_rate,
            },
        )


def _waveform(clip: MediaItem, mode: Mode) -> npt.NDArray[np.float64]:
    waveform = np.asarray(clip.audio(AudioSpec(sample_rate=mode.sample_rate))[:], np.float64)
    if len(waveform) <= mode.bank.frame_length:
        raise SkipError(
            SkipCode.TOO_SHORT, f"{clip.name}: {len(waveform) / mode.sample_rate:.3f} s of sound, less than a frame"
        )
    if not waveform.any():
        raise SkipError(SkipCode.SILENT, f"{clip.name}: silent, and levels are made equal first")
    return waveform
