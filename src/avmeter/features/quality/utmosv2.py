"""UTMOSv2: the mean opinion score of speech, by the system that won the VoiceMOS Challenge 2024.

Source: sarulab-speech/UTMOSv2, `create_model().predict` with its defaults: 16 kHz mono, pauses left out,
`fusion_stage3` of fold 0, asked for listeners of its own laboratory. Of a clip the published program reads 3 s at
random for the waveform, and for the pictures two cuts of 1.4 s, each of whose four spectra is mixed with that of
another cut, by a random share. The draws are made here in its order, from NumPy's generator at seed 0 for every clip:
a score is one that the program gives after `np.random.seed(0)`, and does not change from run to run. Differs from it:
on a GPU it computes in float16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from avmeter.dsp import utmosv2 as dsp
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.quality.base import band_facts, require_length
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import utmosv2
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

_SPEC = AudioSpec(sample_rate=utmosv2.SAMPLE_RATE)
_SPEECH = 3 * utmosv2.SAMPLE_RATE  # samples of the waveform that is read
_SHARES = 0.4  # both parameters of the beta distribution
_LISTENERS = utmosv2.LISTENING_TESTS.index("sarulab")
_EPS = 1e-7
# Where the names of a weight norm depend on the version of PyTorch that saved it.
_NAMES = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}


@register_extractor("utmosv2")
class Utmosv2Extractor(NetworkExtractor):
    """Facts `mos`, about 1 to 5, and `mos_std` over repetitions; `silent` and `high_band_only`: why to doubt it.

    Args:
        num_repetitions: Draws whose scores are averaged.
    """

    takes = "audio"
    entries = ("utmosv2",)
    batch_size = 1
    gpu_batch_size = 8
    option_names = ("num_repetitions",)

    def __init__(self, *, num_repetitions: int = 1) -> None:
        self.num_repetitions = num_repetitions

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return utmosv2.build(), utmosv2.KEY_MAP

    def checkpoint(self, runtime: Runtime) -> Mapping[str, Tensor]:
        state = super().checkpoint(runtime)
        for saved, name in _NAMES.items():
            state = {key.replace(saved, name): value for key, value in state.items()}
        return state

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(_SPEC)[:]
        require_length(waveform, utmosv2.SAMPLE_RATE, "UTMOSv2")
        speech = dsp.without_pauses(waveform)
        if not len(speech):
            raise SkipError(
                SkipCode.SILENT,
                f"{media.name}: no sample of 0.1 or more: UTMOSv2 takes all of it for pauses",
                hint="it reads speech at the level of recordings: amplify the clip",
            )
        random = np.random.RandomState(0)
        for _ in range(self.num_repetitions):
            yield Window(inputs=drawn(speech, random), duration_s=len(speech) / utmosv2.SAMPLE_RATE)

    def facts(self, media: MediaItem) -> Mapping[str, Any]:
        return band_facts(media, media.audio(_SPEC))

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        waveform, spectra = batch["waveform"], batch["spectra"]
        spread, mean = torch.var_mean(waveform, dim=1, unbiased=False, keepdim=True)
        size = (utmosv2.SIDE, utmosv2.SIDE)
        small = functional.interpolate(spectra.flatten(0, 1), size=size, mode="bilinear", antialias=True)
        pictures = torch.unflatten(small, 0, spectra.shape[:2]).unsqueeze(3).expand(-1, -1, -1, 3, -1, -1)
        listeners = torch.full((len(waveform),), _LISTENERS, device=waveform.device)
        return {"mos": self._net((waveform - mean) / (spread + _EPS).sqrt(), pictures, listeners)}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        scores = np.array([float(output["mos"]) for output in outputs])
        spread = {"mos_std": float(scores.std(ddof=1))} if len(scores) > 1 else {}
        return Features(
            facts={"mos": float(scores.mean()), **spread, "speech_s": round(windows[0].duration_s, 3), **facts}
        )


def drawn(speech: np.ndarray, random: np.random.RandomState) -> dict[str, np.ndarray]:
    """Draw what one repetition reads.

    Args:
        speech: (N,), 16 kHz, without pauses.
        random: Its state goes on as that of the published program does.

    Returns:
        `waveform` (48000,) and `spectra` (2, 4, 512, 701), float32.
    """
    longer = dsp.repeated(speech, _SPEECH)
    waveform = _cut(longer, _SPEECH, random)
    longer = dsp.repeated(speech, dsp.CUT)
    spectra = []
    for _ in range(utmosv2.NUM_CUTS):
        cut = _cut(longer, dsp.CUT, random)
        mixed = []
        for win_length in dsp.WIN_LENGTHS:
            other = dsp.mel_image(_cut(longer, dsp.CUT, random), win_length)
            share = random.beta(_SHARES, _SHARES)
            mixed.append(share * dsp.mel_image(cut, win_length) + (1 - share) * other)
        spectra.append(np.stack(mixed))
    return {"waveform": waveform.astype(np.float32), "spectra": np.stack(spectra).astype(np.float32)}


def _cut(speech: np.ndarray, length: int, random: np.random.RandomState) -> np.ndarray:
    start = random.randint(0, len(speech) - length)
    return speech[start : start + length]
