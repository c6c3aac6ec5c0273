"""The published checkpoints: what is inside, and how each reads sound and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from avmeter.dsp import clap as dsp
from avmeter.errors import UnknownNameError
from avmeter.nets.clap import keys, tokens
from avmeter.nets.clap.config import AudioTowerConfig, ClapConfig, MsClapConfig, TextTowerConfig

_VOCABULARY = "clap-htsat-fused"
_LAION_MAX_TOKENS = 77


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """How a published checkpoint is built and read.

    Attributes:
        config: Its sizes.
        layout: How its tensors are called.
        input_spec: What it reads of a waveform; fused models read clips above one input as `dsp.fused_input` does.
        short_clips: Which branch of a fused model a clip takes that fits into one input.
        scheme: How texts become token ids.
        tokenizer: Catalog entry with the tokenizer's `vocab.json` and `merges.txt`.
        max_tokens: Longest text.
        int16: Whether its own code rounds waveforms through 16-bit integers (`dsp.round_int16`).
        opens_files: Whether av-benchmark leaves opening and resampling of files to its own code.
    """

    config: ClapConfig | MsClapConfig
    layout: keys.Layout
    input_spec: dsp.ClapInputSpec
    short_clips: dsp.ShortClips = dsp.ShortClips.FUSED
    scheme: tokens.Scheme = tokens.ROBERTA
    tokenizer: str = _VOCABULARY
    max_tokens: int
    int16: bool = False
    opens_files: bool = False


def _input_spec(audio: AudioTowerConfig) -> dsp.ClapInputSpec:
    return dsp.FUSED if audio.fusion else dsp.UNFUSED


def _transformers(audio: AudioTowerConfig) -> Checkpoint:
    config = ClapConfig(audio=audio)
    return Checkpoint(
        config=config, layout=keys.TRANSFORMERS, input_spec=_input_spec(audio), max_tokens=config.text.max_tokens
    )


def _laion(audio: AudioTowerConfig) -> Checkpoint:
    return Checkpoint(
        config=ClapConfig(audio=audio, text=TextTowerConfig(norm_eps=1e-5)),
        layout=keys.LAION,
        input_spec=_input_spec(audio),
        short_clips=dsp.ShortClips.PLAIN,
        max_tokens=_LAION_MAX_TOKENS,
        int16=True,
    )


_TINY_FUSED = AudioTowerConfig()
_TINY = AudioTowerConfig(fusion=False)
_BASE = AudioTowerConfig(fusion=False, dim=128, depths=(2, 2, 12, 2))

CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {
        "clap-htsat-fused": _transformers(_TINY_FUSED),
        "clap-htsat-unfused": _transformers(_TINY),
        "clap-larger-general": _transformers(_BASE),
        "clap-larger-music-and-speech": _transformers(_BASE),
        "laion-clap-630k-fused": _laion(_TINY_FUSED),
        "laion-clap-630k": _laion(_TINY),
        "laion-clap-music-speech-audioset": _laion(_BASE),
        "laion-clap-music-audioset": _laion(_BASE),
        "msclap-2023": Checkpoint(
            config=MsClapConfig(),
            layout=keys.MICROSOFT,
            input_spec=dsp.MICROSOFT,
            scheme=tokens.GPT2,
            tokenizer="msclap-2023",
            max_tokens=77,
            opens_files=True,
        ),
    }
)
"""Catalog name -> what is inside."""

PUBLISHED_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "laion/clap-htsat-fused": "clap-htsat-fused",
        "laion/clap-htsat-unfused": "clap-htsat-unfused",
        "laion/larger_clap_general": "clap-larger-general",
        "laion/larger_clap_music_and_speech": "clap-larger-music-and-speech",
        "630k-audioset-fusion-best": "laion-clap-630k-fused",
        "630k-audioset-best": "laion-clap-630k",
        "music_speech_audioset_epoch_15_esc_89.98": "laion-clap-music-speech-audioset",
        "music_audioset_epoch_15_esc_90.14": "laion-clap-music-audioset",
        "CLAP_weights_2023": "msclap-2023",
        "microsoft/msclap": "msclap-2023",
    }
)
"""What papers and hubs call a checkpoint -> its catalog name."""

_ENDINGS = (".pt", ".pth")


def checkpoint_name(name: str) -> str:
    """Return the catalog name of a checkpoint.

    Args:
        name: That itself, or what papers and hubs call it: "630k-audioset-fusion-best" (with or without ".pt"),
            "laion/larger_clap_general", "CLAP_weights_2023".

    Raises:
        UnknownNameError: No such checkpoint.
    """
    plain = name = str(name)  # the command line reads "2023" as a number
    for ending in _ENDINGS:
        plain = plain.removesuffix(ending)
    found = PUBLISHED_NAMES.get(plain, name)
    if found not in CHECKPOINTS:
        raise UnknownNameError.among("CLAP checkpoint", name, [*CHECKPOINTS, *PUBLISHED_NAMES])
    return found
