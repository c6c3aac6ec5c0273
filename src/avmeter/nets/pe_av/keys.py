"""Names of PE-AV's tensors in the layout of transformers, part by part.

here                                             transformers
-----------------------------------------------  ---------------------------------------------------------------
codec: bottleneck                                audio_model.audio_encoder.embedder.bottleneck
codec: conv1, block.I, snake1, conv2             audio_model.audio_encoder.embedder.dac_encoder.*
frame: patch_embed                               video_model.video_encoder.embedder.vision_model.timm_model.patch_embed.proj
frame: all else                                  video_model.video_encoder.embedder.vision_model.timm_model.*
towers: audio.data_proj                          audio_model.audio_encoder.embedder.data_proj
towers: audio.transformer.class_embedding        audio_model.audio_encoder.patch_embedder.class_embedding
towers: audio.transformer.blockI                 audio_model.audio_encoder.patch_embedder.resnet_block.blockI
towers: audio.transformer.{layers,norm,output}   audio_model.audio_encoder.{layers,norm,output}
towers: audio.head                               audio_model.audio_head
towers: video.*, joint.*                         the same below video_model.video_encoder and audio_video_encoder
text: model                                      text_model
text: {audio,video,joint}_head                   audio_model.text_audio_head, video_model.text_video_head,
                                                 text_audio_video_head
(absent)                                         text_model.final_norm; scales and biases of the logits;
                                                 heads of sound or video together with text
"""  # noqa: E501 - names are as long as they are

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

from avmeter.nets.keys import KeyMap

_AUDIO, _VIDEO, _JOINT = "audio_model.audio_encoder", "video_model.video_encoder", "audio_video_encoder"
_FRAME = f"{_VIDEO}.embedder.vision_model.timm_model"

_HEADS = {
    "audio.head": "audio_model.audio_head",
    "video.head": "video_model.video_head",
    "joint.head": "audio_video_head",
}


def _tower_rules(own: str, official: str) -> tuple[tuple[str, str], ...]:
    return (
        (rf"^{own}\.transformer\.class_embedding$", f"{official}.patch_embedder.class_embedding"),
        (rf"^{own}\.transformer\.(block\d)\.", rf"{official}.patch_embedder.resnet_block.\1."),
        (rf"^{own}\.transformer\.", f"{official}."),
        (rf"^{re.escape(own)}\.head\.", f"{_HEADS[f'{own}.head']}."),
        (rf"^{own}\.(\w+)\.(weight|bias)$", rf"{official}.embedder.\1.\2"),
    )


_RULES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "codec": (
        (r"^bottleneck\.", f"{_AUDIO}.embedder.bottleneck."),
        (r"^(conv1|conv2|block|snake1)\.", rf"{_AUDIO}.embedder.dac_encoder.\1."),
    ),
    "frame": ((r"^patch_embed\.", "patch_embed.proj."), (r"^", f"{_FRAME}.")),
    "towers": (*_tower_rules("audio", _AUDIO), *_tower_rules("video", _VIDEO), *_tower_rules("joint", _JOINT)),
    "text": (
        (r"^model\.", "text_model."),
        (r"^audio_head\.", "audio_model.text_audio_head."),
        (r"^video_head\.", "video_model.text_video_head."),
        (r"^joint_head\.", "text_audio_video_head."),
    ),
}

_OF_CODEC = rf"{re.escape(_AUDIO)}\.embedder\.(dac_encoder|bottleneck)\..*"
_OF_FRAME = rf"{re.escape(_FRAME)}\..*"
_OF_TEXT = (
    r"(text_model\..*|audio_model\.text_audio_head\..*|video_model\.text_video_head\..*|text_audio_video_head\..*)"
)
_OF_NOBODY = (
    r"text_model\.final_norm\..*",
    r".*logit_(scale|bias)",
    r"(audio|video)_plus_text_head\..*",
    r".*\.rotary_emb\..*",
    r".*\.rope\.(pos_embed|bands)",
)
_OF_TOWERS = (
    r"audio_model\.audio_(head|encoder\.(?!embedder\.(dac_encoder|bottleneck)\.)).*",
    r"video_model\.video_(head|encoder\.(?!embedder\.vision_model\.)).*",
    r"audio_video_(head|encoder)\..*",
)
_OWNED: Mapping[str, tuple[str, ...]] = {
    "codec": (_OF_CODEC,),
    "frame": (_OF_FRAME,),
    "towers": _OF_TOWERS,
    "text": (_OF_TEXT,),
}

KEY_MAPS: Mapping[str, KeyMap] = MappingProxyType(
    {
        part: KeyMap(
            rules=rules,
            unused=(*_OF_NOBODY, *(p for other, patterns in _OWNED.items() if other != part for p in patterns)),
        )
        for part, rules in _RULES.items()
    }
)
"""Part -> its names; what belongs to other parts counts as unused."""

# transformers holds some towers under several names; a file has one of them, which one depends on who wrote it.
_ALIASES = (
    (re.compile(r"^(audio|video)_model\.text_model\."), "text_model."),
    (re.compile(r"^audio_video_encoder\.embedder\.audio_encoder\."), f"{_AUDIO}."),
    (re.compile(r"^audio_video_encoder\.embedder\.video_encoder\."), f"{_VIDEO}."),
)


def without_aliases(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a checkpoint whose tensors have one name each, that of the table above."""
    found: dict[str, Tensor] = {}
    for key, tensor in state.items():
        for pattern, name in _ALIASES:
            key = pattern.sub(name, key)
        found[key] = tensor
    return found
