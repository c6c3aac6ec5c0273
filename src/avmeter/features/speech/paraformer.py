"""Transcripts by Paraformer, the Mandarin recogniser of seed-tts-eval: not autoregressive, hence fast.

Source: FunASR's `AutoModel(model="paraformer-zh")` without a detector of speech and without punctuation, as
seed-tts-eval's `run_wer.py` calls it. Clips longer than 30 s are cut at pauses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from avmeter.dsp.mel import PARAFORMER, stacked_frames
from avmeter.errors import SkipCode, SkipError, WeightsError
from avmeter.features.base import Window
from avmeter.features.model_folder import reading_model, require_files
from avmeter.features.speech.base import SpeechRecogniser, whole_segment
from avmeter.media import MediaItem
from avmeter.nets import paraformer
from avmeter.registry import register_extractor
from avmeter.runtime import Runtime

LANGUAGES = ("zh", "en")  # English as words among Mandarin
_FILES = ("model.pt", "am.mvn", "tokens.json")
_KIND = "a Paraformer of FunASR"
_CONTINUED = "@@"  # ends a part of an English word that goes on


class _Model(NamedTuple):
    """The network, what is added to its input and by what it is then multiplied (F,), and its tokens."""

    net: paraformer.Paraformer
    shift: Tensor
    scale: Tensor
    tokens: Sequence[str]


@register_extractor("paraformer")
class Paraformer(SpeechRecogniser):
    """Text of a clip; see `SpeechRecogniser`.

    Args:
        model_name: Name in the catalog, or folder with `model.pt`, `am.mvn` and `tokens.json`.
        language: Language hint, Mandarin or English.
        vad: Transcribe only where the voice activity detector finds speech.
    """

    dependencies = ("faster_whisper",)
    extra = "speech"
    default_model = "paraformer-zh"
    family = "paraformer-"

    def entry(self) -> str:
        return self.model_name

    def build_network(self, runtime: Runtime) -> _Model:
        folder = self.model_folder(runtime)
        require_files(folder, _FILES, _KIND)
        with reading_model(folder, _KIND):
            state = torch.load(folder / "model.pt", map_location="cpu", weights_only=True, mmap=True)
            tokens = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
            shift, scale = read_normalisation(folder / "am.mvn")
            net = paraformer.build()
            paraformer.KEY_MAP.load(net, state.get("state_dict", state), source=str(folder / "model.pt"))
            if len(tokens) != net.decoder.out.out_features:
                raise WeightsError(f"{folder}: {len(tokens)} tokens, {net.decoder.out.out_features} outputs")
        net = net.to(runtime.device).eval().requires_grad_(False)
        return _Model(net, shift.to(runtime.device), scale.to(runtime.device), tokens)

    def windows(self, media: MediaItem) -> Iterator[Window]:
        if self.language is not None and self.language not in LANGUAGES:
            raise SkipError(
                SkipCode.UNSUPPORTED,
                f"Paraformer does not know the language `{self.language}`",
                hint='it knows Mandarin, with English words; take asr_backend="whisper" for others',
            )
        yield from super().windows(media)

    def transcribe(self, windows: Sequence[Window], runtime: Runtime) -> list[Mapping[str, Any]]:
        return [
            {
                "segments": [whole_segment(self._text(window.inputs["waveform"], runtime), window)],
                "language": self.language,
                "language_probability": None,
            }
            for window in windows
        ]

    def _text(self, waveform: np.ndarray, runtime: Runtime) -> str:
        """Return what is said in a waveform (N,); nothing in less than a frame."""
        if len(waveform) < PARAFORMER.win_length:
            return ""
        model: _Model = self._net
        waves = torch.from_numpy(np.ascontiguousarray(waveform, np.float32))[None].to(runtime.device)
        with torch.autocast(runtime.device.type, enabled=False):
            logits = model.net((stacked_frames(waves) + model.shift) * model.scale)
        ids = [i for i in logits.argmax(dim=-1).tolist() if i not in paraformer.SPECIAL_TOKENS]
        return spelled(model.tokens[i] for i in ids)


def read_normalisation(path: Path) -> tuple[Tensor, Tensor]:
    """Read Kaldi's text of what is added to each number of a frame, and by what it is then multiplied; (F,) each.

    Raises:
        ValueError: It is another file.
    """
    found: dict[str, list[float]] = {}
    part = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words[:1] in (["<AddShift>"], ["<Rescale>"]):
            part = words[0]
        elif words[:1] == ["<LearnRateCoef>"] and part:
            found[part] = [float(word) for word in words[3:-1]]
    shift, scale = found.get("<AddShift>", []), found.get("<Rescale>", [])
    if not len(shift) == len(scale) > 0:
        raise ValueError(f"{path.name} has {len(shift)} shifts and {len(scale)} factors")
    return torch.tensor(shift), torch.tensor(scale)


def spelled(tokens: Iterator[str]) -> str:
    """Return tokens as a text: characters without spaces, English words with spaces between them."""
    text, joins = "", False
    for token in tokens:
        if token == "<unk>":
            continue
        part, goes_on = token.removesuffix(_CONTINUED), token.endswith(_CONTINUED)
        if not joins and text and text[-1].isascii() and part[:1].isascii():
            text += " "
        text, joins = text + part, goes_on
    return text
