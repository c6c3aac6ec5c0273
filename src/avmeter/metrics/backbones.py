"""Audio networks whose embeddings and class logits metrics stand on: the table, and how to ask for their features.

A new backbone is a line of `BACKBONES`. Every metric with the option `backbone` takes it then, and the documentation
lists it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from avmeter.errors import UnknownNameError, UsageError
from avmeter.metrics.base import Need


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network whose features metrics read: array `embedding` (D,) or (E, D), and `logits` (C,) if it has classes.

    Attributes:
        extractor: Registered name.
        dim: Size of an embedding, D.
        classes: Number of class logits; 0 when the network has none.
        reads: What of a sound gets into it: rate, windows, frequencies.
        bias: What it was trained on, and what is known to follow from it.
        options: Options of the extractor beside the protocol.
    """

    extractor: str
    dim: int
    classes: int
    reads: str = ""
    bias: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def _laion_clap(*, bias: str, **options: str) -> Backbone:
    reads = "48 kHz mono from 50 Hz to 14 kHz, 10 s; longer clips as the model was trained to read them"
    return Backbone(extractor="clap_audio", dim=512, classes=0, reads=reads, bias=bias, options=options)


def _openl3(*, content: str, stereo: bool, bias: str) -> Backbone:
    channels = "stereo, left and right beside each other" if stereo else "mono"
    return Backbone(
        extractor="openl3",
        dim=1024 if stereo else 512,
        classes=0,
        reads=f"48 kHz {channels}, by way of 44.1 kHz; a row for a second of sound every half second, as "
        "stable-audio-metrics has it, by the front end of kapre",
        bias=bias,
        options={"content": content, "stereo": stereo},
    )


BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "passt": Backbone(
            extractor="passt",
            dim=768,
            classes=527,
            reads="32 kHz mono up to 15 kHz, windows of 10 s",
            bias="AudioSet: most of its clips have speech or music, and its classes say what sounds, not how well.",
        ),
        "panns": Backbone(
            extractor="panns",
            dim=2048,
            classes=527,
            reads="16 kHz mono from 50 Hz to 8 kHz, the whole clip",
            bias="AudioSet, as PaSST. Nothing above 8 kHz is heard: sound without treble is as good.",
        ),
        "vggish": Backbone(
            extractor="vggish",
            dim=128,
            classes=0,
            reads="16 kHz mono from 125 Hz to 7.5 kHz, examples of 0.96 s",
            bias="YouTube-8M. The network of the first FAD; of music, later ones follow listeners better (Gui et al., "
            '"Adapting Fréchet Audio Distance for Generative Music Evaluation", 2024).',
        ),
        "yamnet": Backbone(
            extractor="yamnet",
            dim=1024,
            classes=521,
            reads="16 kHz mono from 125 Hz to 7.5 kHz, patches of 0.96 s, means over them",
            bias="AudioSet, as PaSST, by a small network. It hears the level, which `fastvideo` normalises.",
        ),
        "aisfx": Backbone(
            extractor="aisfx",
            dim=512,
            classes=0,
            reads="44.1 kHz mono up to 22 kHz, windows of 2.3 s, means over them",
            bias="Libraries of sound effects, recorded apart and clean, not speech, music or scenes of several sounds. "
            "A maximum over frames: one loud moment decides a window, and quiet noise counts: 20 dB below the sound it "
            "moves a set a third of the way to noise. It hears the level.",
        ),
        "soundnet": Backbone(
            extractor="soundnet",
            dim=1024,
            classes=1000,
            reads="22.05 kHz mono, the waveform itself, windows of 20 s; shorter clips are repeated up to that",
            bias="Videos of Flickr; the target was what image networks saw in their frames: its classes are objects "
            "of ImageNet that may be seen where this is heard, not sounds. It hears the level.",
        ),
        "mert": Backbone(
            extractor="mert",
            dim=768,
            classes=0,
            reads="24 kHz mono, the waveform itself, the whole clip; the largest value of each channel over time",
            bias="Music: speech and effects were not the target. The network of 95M; MAD is published "
            "on that of 330M. The level is not heard. Weights are not for commercial use.",
        ),
        "mert-330m": Backbone(
            extractor="mert",
            dim=1024,
            classes=0,
            reads="24 kHz mono, the waveform itself, the whole clip; the largest value of each channel over time",
            bias="As `mert`; the network of 330M, on which MAD is published.",
            options={"size": "330m"},
        ),
        "encodec": Backbone(
            extractor="encodec",
            dim=128,
            classes=0,
            reads="24 kHz mono, the waveform itself, the whole clip; a row for every frame of 13 ms, as fadtk has it",
            bias="Speech, music and effects, to be coded: fidelity counts more than meaning. It hears the level. "
            "75 rows a second are for Fréchet distances: what compares every row with every other takes long.",
        ),
        "openl3-env": _openl3(
            content="env",
            stereo=True,
            bias="Videos of the environment without labels: which sound goes with which picture; pairs were of one "
            "video, not of one moment, in the published training. The level is not heard. The one of Stable Audio on "
            "AudioCaps.",
        ),
        "openl3-music": _openl3(
            content="music",
            stereo=True,
            bias="Videos of music, as `openl3-env`. The one of Stable Audio on MusicCaps and Song Describer.",
        ),
        "openl3-env-mono": _openl3(content="env", stereo=False, bias="As `openl3-env`."),
        "openl3-music-mono": _openl3(content="music", stereo=False, bias="As `openl3-music`."),
        "clap": _laion_clap(
            bias="Captions: what can be said of a sound counts, artefacts nobody mentions do not.",
        ),
        "laion-clap-630k": _laion_clap(
            model="laion-clap-630k", bias="Captions of general sound, as CLAP; `clap-laion-audio` of fadtk."
        ),
        "laion-clap-630k-fused": _laion_clap(
            model="laion-clap-630k-fused", bias="Captions of general sound, as CLAP; the one of stable-audio-metrics."
        ),
        "laion-clap-music-audioset": _laion_clap(
            model="laion-clap-music-audioset", bias="Captions of music and sound; `clap-laion-music` of fadtk."
        ),
        "laion-clap-music-speech-audioset": _laion_clap(
            model="laion-clap-music-speech-audioset",
            bias="Captions of music, speech and sound; the one of av-benchmark.",
        ),
        "msclap-2023": Backbone(
            extractor="clap_audio",
            dim=1024,
            classes=0,
            reads="44.1 kHz mono from 50 Hz to 8 kHz, windows of 7 s",
            bias="Captions, as CLAP.",
            options={"model": "msclap-2023"},
        ),
    }
)
DEFAULT_BACKBONE = "passt"
VIDEO_BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "i3d": Backbone(
            extractor="i3d",
            dim=400,
            classes=400,
            reads="frames of 224 x 224",
            bias="Kinetics-400: actions of people.",
        ),
        "clip": Backbone(
            extractor="clip_video",
            dim=512,
            classes=0,
            reads="the square in the middle of frames, 224 x 224, of ViT-B/32; the mean over frames",
            bias="Pictures of the web and their captions: what is shown, not how it moves.",
        ),
        "videomae": Backbone(
            extractor="videomae",
            dim=768,
            classes=0,
            reads="the first sixteen frames, stretched to 224 x 224",
            bias="Kinetics-400 without labels: patches that were filled in.",
        ),
    }
)
"""Networks whose features of video sets of clips are compared by."""
FRAME_BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "inception": Backbone(
            extractor="fid_inception",
            dim=2048,
            classes=0,
            reads="frames of 299 x 299",
            bias="ImageNet: objects in photographs.",
        )
    }
)
"""Networks whose features of single frames sets of clips are compared by."""


def backbone_names(*, with_classes: bool = False, among: Mapping[str, Backbone] = BACKBONES) -> tuple[str, ...]:
    """Return the names of all backbones of a table, or of those with class logits."""
    return tuple(name for name, backbone in among.items() if backbone.classes or not with_classes)


def find_backbone(
    name: str, *, with_classes: bool = False, metric: str = "", among: Mapping[str, Backbone] = BACKBONES
) -> Backbone:
    """Return the backbone of a table that is called `name`.

    Raises:
        UnknownNameError: No such backbone.
        UsageError: The metric needs class logits and the backbone has none.
    """
    name = str(name)  # the command line reads "2023" as a number
    if name not in among:
        raise UnknownNameError.among("backbone", name, among)
    found = among[name]
    if with_classes and not found.classes:
        usable = ", ".join(f"`{n}`" for n in backbone_names(with_classes=True, among=among))
        raise UsageError(f"{metric}: backbone `{name}` has no class probabilities", hint=f"use one of {usable}")
    return found


def audio_need(name: str, field_name: str, backbone: Backbone, protocol: str, *, optional: bool = False) -> Need:
    """Return the need for a backbone's features of a sample's sound."""
    options = {**backbone.options, "protocol": protocol}
    return Need(name=name, field=field_name, extractor=backbone.extractor, options=options, optional=optional)
