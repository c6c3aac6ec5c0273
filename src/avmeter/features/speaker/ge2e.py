"""Who speaks, by the GE2E encoder of Resemblyzer: one embedding of all speech in a clip.

    clip --at least -30 dBFS--> speech only --mel power--> partial utterances of 1.6 s every 0.77 s --> mean

Source: `audio.py` and `voice_encoder.py` of Resemblyzer 0.1.4. Differs from it in the voice activity detector: Silero
in place of webrtcvad.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avmeter.dsp.filterbank import slaney_bank
from avmeter.dsp.mel import MelSpec, mel_of_frames
from avmeter.errors import SkipCode, SkipError
from avmeter.features.base import Features, Window
from avmeter.features.network import NetworkExtractor
from avmeter.features.speaker.base import speech_of_speaker
from avmeter.media import AudioSpec, MediaItem
from avmeter.nets import ge2e
from avmeter.nets.keys import KeyMap
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

MEL = MelSpec(
    sample_rate=ge2e.SAMPLE_RATE,
    n_fft=400,
    win_length=400,
    hop_length=160,
    n_mels=40,
    f_min=0.0,
    f_max=8000.0,
    bank=slaney_bank,
)
_STEP = 77
"""Mel frames from one partial utterance to the next: 1.3 of them a second."""
_MIN_COVERAGE = 0.75
"""The last partial utterance is left out if less of it than this is sound."""
_QUIETEST_DBFS = -30.0


@register_extractor("speaker_ge2e")
class SpeakerGe2e(NetworkExtractor):
    """Array `embedding` (256,) of unit length; fact `speech_s`."""

    takes = "audio"
    entries = ("resemblyzer",)
    dependencies = ("faster_whisper",)
    extra = "speaker"
    batch_size = 64

    def architecture(self, runtime: Runtime) -> tuple[nn.Module, KeyMap]:
        return ge2e.build(), ge2e.KEY_MAP

    def windows(self, media: MediaItem) -> Iterator[Window]:
        waveform = media.audio(AudioSpec(sample_rate=ge2e.SAMPLE_RATE))[:].astype(np.float32)
        speech = speech_of_speaker(_amplified(waveform))
        if not len(speech):
            raise SkipError(
                SkipCode.NO_SPEECH,
                "no speech found",
                hint="speaker similarity compares voices: leave it out for clips without speech",
            )
        for first_frame in partial_starts(len(speech)):
            start = first_frame * MEL.hop_length
            real = min(len(speech) - start, ge2e.PARTIAL_FRAMES * MEL.hop_length)
            yield Window(
                inputs={"mel": partial_mel(speech, first_frame)},
                start_s=start / ge2e.SAMPLE_RATE,
                duration_s=max(real, 0) / ge2e.SAMPLE_RATE,
            )

    def forward(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"embedding": self._net(batch["mel"])}

    def pool(
        self, outputs: Sequence[Mapping[str, Any]], windows: Sequence[Window], facts: Mapping[str, Any]
    ) -> Features:
        mean = np.mean([o["embedding"] for o in outputs], axis=0)
        speech_s = windows[-1].start_s + windows[-1].duration_s
        return Features(
            arrays={"embedding": mean / np.linalg.norm(mean)},
            facts={"speech_s": speech_s, "num_windows": len(windows)},
        )


def partial_starts(num_samples: int) -> list[int]:
    """Return the first mel frame of every partial utterance of `num_samples`; there is always one.

    Source: `VoiceEncoder.compute_partial_slices` of Resemblyzer 0.1.4 with its defaults.
    """
    num_frames = -(-(num_samples + 1) // MEL.hop_length)
    starts = list(range(0, max(1, num_frames - ge2e.PARTIAL_FRAMES + _STEP + 1), _STEP))
    covered = num_samples - starts[-1] * MEL.hop_length
    if len(starts) > 1 and covered < _MIN_COVERAGE * ge2e.PARTIAL_FRAMES * MEL.hop_length:
        starts.pop()
    return starts


def partial_mel(speech: np.ndarray, first_frame: int) -> np.ndarray:
    """Compute mel power (160, 40) float32 of frames centred on every 160th sample of `speech` (N,), zeros around it."""
    margin = MEL.win_length // 2
    begin = first_frame * MEL.hop_length - margin
    end = begin + (ge2e.PARTIAL_FRAMES - 1) * MEL.hop_length + MEL.win_length
    inside = speech[max(begin, 0) : end]
    padded = np.pad(inside, (max(-begin, 0), end - max(begin, 0) - len(inside)))
    frames = torch.from_numpy(padded).double().unfold(0, MEL.win_length, MEL.hop_length)
    return mel_of_frames(frames[None], MEL)[0].T.float().numpy()


def _amplified(waveform: np.ndarray) -> np.ndarray:
    """Return a quiet waveform at -30 dBFS, a louder one as it is."""
    power = float(np.mean(np.square(waveform, dtype=np.float64))) if len(waveform) else 0.0
    gain = 10 ** (_QUIETEST_DBFS / 20) / np.sqrt(power) if power > 0 else 1.0
    return waveform if gain <= 1 else (waveform * gain).astype(np.float32)
