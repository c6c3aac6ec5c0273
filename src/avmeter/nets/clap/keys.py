"""Names of CLAP's tensors in the published layouts.

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

avmeter.nets.clap.ms                      microsoft/CLAP
----------------------------------------  -----------------------------------------
audio_model.audio_encoder                 audio_encoder.base.htsat (below as LAION's audio_branch)
text_model                                caption_encoder.base (a GPT2Model, same names below)
audio_projection                          audio_encoder.projection
text_projection                           caption_encoder.projection
(absent)                                  audio_encoder.base.htsat: as above
(absent)                                  caption_encoder.base.h.I.attn.{bias,masked_bias}: causal mask of old versions
(absent)                                  logit_scale
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from avmeter.errors import WeightsError
from avmeter.nets.keys import KeyMap

KEY_MAP = KeyMap(
    # Constants that depend on nothing but sizes; whether a file has them depends on who wrote it.
    unused=(r".*\.relative_position_index", r".*\.(position_ids|token_type_ids)"),
)
"""Names in the transformers layout: the network's own."""

_Rules = tuple[tuple[str, str], ...]

_HTSAT: _Rules = (
    (r"^bn0\.", "batch_norm."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.", ".attention.self."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
)
_HTSAT_UNUSED = r"((spectrogram_extractor|logmel_extractor|tscam_conv|head)\..*|layers\.\d+\.blocks\.\d+\.attn_mask)"
_SEQUENTIAL: _Rules = ((r"^0\.", "linear1."), (r"^2\.", "linear2."))
_FUSED = ".attention.self.qkv."
_VERIFY = "check that the file is the one named in the catalog: `avmeter weights verify`"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What stands behind one prefix of a layout.

    Attributes:
        official: Prefix in the file.
        own: Prefix in the network.
        rules: (pattern, replacement) pairs for what follows the prefix, applied in order.
    """

    official: str
    own: str
    rules: _Rules = ()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Names of a published file.

    Attributes:
        name: Whose it is.
        parts: Prefix by prefix; keys without one keep their names. Without parts the file has the network's own names.
        wrapper: Cut off every key that has it.
        unused: Patterns (full match) of keys that no network reads.
    """

    name: str
    parts: tuple[Part, ...] = ()
    wrapper: str = ""
    unused: tuple[str, ...] = ()
    _unused: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_unused", tuple(re.compile(pattern) for pattern in self.unused))

    def is_unused(self, official: str) -> bool:
        """Return True for keys that no network reads."""
        return any(pattern.fullmatch(official) for pattern in self._unused)

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate a file's tensors to the network's names.

        Args:
            state: The file's state dict. Keys that the table does not know are passed on, so that loading refuses them.

        Returns:
            Views and references of the same tensors.

        Raises:
            WeightsError: The file has no audio tower of this layout, two tensors for one place, or a fused attention
                that is not three parts.
        """
        self._require_audio_tower({key.removeprefix(self.wrapper): value for key, value in state.items()})
        translated: dict[str, Tensor] = {}
        for full, value in state.items():
            key = full.removeprefix(self.wrapper)
            if self.is_unused(key):
                continue
            name = self._own(key)
            for own, part in (_unfused(name, key, value) if _FUSED in name else {name: value}).items():
                if own in translated:
                    raise WeightsError(f"`{own}` is in the checkpoint twice, once as `{full}`", hint=_VERIFY)
                translated[own] = part
        return translated

    def _require_audio_tower(self, plain: Mapping[str, Tensor]) -> None:
        if not self.parts:
            return
        sign = f"{self.parts[0].official}layers."
        if not any(key.startswith(sign) for key in plain):
            some = ", ".join(sorted(plain)[:3]) or "nothing"
            raise WeightsError(
                f"not a CLAP checkpoint of {self.name}'s layout: no `{sign}*` (it has {some} ...)",
                hint="files in the transformers layout need no translation",
            )

    def _own(self, key: str) -> str:
        for part in self.parts:
            if key.startswith(part.official):
                suffix = key.removeprefix(part.official)
                for pattern, replacement in part.rules:
                    suffix = re.sub(pattern, replacement, suffix)
                return part.own + suffix
        return key


def _unfused(name: str, key: str, value: Tensor) -> dict[str, Tensor]:
    """Split query, key and value, which stand under each other in one tensor."""
    if not value.dim() or len(value) % 3:
        raise WeightsError(f"`{key}` is {tuple(value.shape)}, not query, key and value under each other", hint=_VERIFY)
    parts = zip(("query", "key", "value"), value.chunk(3), strict=True)
    return {name.replace(".qkv.", f".{part}."): rows for part, rows in parts}


TRANSFORMERS = Layout(name="transformers")
LAION = Layout(
    name="LAION",
    wrapper="module.",
    parts=(
        Part(official="audio_branch.", own="audio_model.audio_encoder.", rules=_HTSAT),
        Part(official="text_branch.", own="text_model."),
        Part(official="audio_projection.", own="audio_projection.", rules=_SEQUENTIAL),
        Part(official="text_projection.", own="text_projection.", rules=_SEQUENTIAL),
    ),
    unused=(rf"audio_branch\.{_HTSAT_UNUSED}", r"(audio|text)_transform\..*"),
)
MICROSOFT = Layout(
    name="Microsoft",
    parts=(
        Part(official="audio_encoder.base.htsat.", own="audio_model.audio_encoder.", rules=_HTSAT),
        Part(official="audio_encoder.projection.", own="audio_projection."),
        Part(official="caption_encoder.base.", own="text_model."),
        Part(official="caption_encoder.projection.", own="text_projection."),
    ),
    unused=(
        rf"audio_encoder\.base\.htsat\.{_HTSAT_UNUSED}",
        r"caption_encoder\.base\.h\.\d+\.attn\.(bias|masked_bias)",
        r"logit_scale",
    ),
)
