"""Names of CLAP's tensors in the two published layouts.

transformers                              LAION-AI/CLAP, behind `module.`
----------------------------------------  -----------------------------------------
audio_model.audio_encoder.batch_norm      audio_branch.bn0
audio_model.audio_encoder.patch_embed     audio_branch.patch_embed
  .layers.I.blocks.J.layernorm_before       .layers.I.blocks.J.norm1
  .layers.I.blocks.J.layernorm_after        .layers.I.blocks.J.norm2
  ...attention.self.{query,key,value}       ...attn.qkv, the three under each other
  ...attention.self.relative_position_*     ...attn.relative_position_*
  ...attention.output.dense                 ...attn.proj
  ...intermediate.dense                     ...mlp.fc1
  ...output.dense                           ...mlp.fc2
  .layers.I.downsample                      .layers.I.downsample
  .norm                                     .norm
text_model                                text_branch (a RobertaModel, same names below)
{audio,text}_projection.linear1           {audio,text}_projection.0
{audio,text}_projection.linear2           {audio,text}_projection.2
logit_scale_{a,t}                         logit_scale_{a,t}
(absent)                                  audio_branch: spectrogram, mel bank, attn_mask, heads of tagging
(absent)                                  {audio,text}_transform: heads of the training loss
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.nets.keys import KeyMap

KEY_MAP = KeyMap(
    # Constants that depend on nothing but sizes; whether a file has them depends on who wrote it.
    unused=(r".*\.relative_position_index", r".*\.(position_ids|token_type_ids)"),
)
"""Names in the transformers layout: the network's own."""

_LAION_UNUSED = tuple(
    re.compile(pattern)
    for pattern in (
        r"audio_branch\.(spectrogram_extractor|logmel_extractor|tscam_conv|head)\..*",
        r"audio_branch\.layers\.\d+\.blocks\.\d+\.attn_mask",
        r"(audio|text)_transform\..*",
    )
)

_LAION_RULES = (
    (r"^audio_branch\.bn0\.", "audio_branch.batch_norm."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.", ".attention.self."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"^text_branch\.", "text_model."),
    (r"^((?:audio|text)_projection)\.0\.", r"\1.linear1."),
    (r"^((?:audio|text)_projection)\.2\.", r"\1.linear2."),
)

_FUSED = ".attention.self.qkv."


def from_laion(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint of LAION's layout in that of transformers.

    Args:
        state: The file's `state_dict`, with or without the prefix `module.`. Other keys than those of the
            table above are passed on, so that loading refuses them.

    Returns:
        Views and references of the same tensors.

    Raises:
        WeightsError: The file has no audio tower of LAION's layout.
    """
    plain = {key.removeprefix("module."): value for key, value in state.items()}
    if not any(key.startswith("audio_branch.layers.") for key in plain):
        some = ", ".join(sorted(plain)[:3]) or "nothing"
        raise WeightsError(
            f"not a CLAP checkpoint of LAION's layout: no `audio_branch.layers.*` (it has {some} ...)",
            hint="files in the transformers layout need no translation",
        )
    translated: dict[str, Tensor] = {}
    for key, value in plain.items():
        if any(pattern.fullmatch(key) for pattern in _LAION_UNUSED):
            continue
        name = key
        for pattern, replacement in _LAION_RULES:
            name = re.sub(pattern, replacement, name)
        if _FUSED in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                translated[name.replace(".qkv.", f".{part}.")] = rows
        else:
            translated[name] = value
    return translated
