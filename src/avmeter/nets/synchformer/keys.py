"""Names in the official checkpoint `synchformer_state_dict.pth` (a flat state dict, 513 tensors)."""

from __future__ import annotations

from avmeter.nets.keys import KeyMap
from avmeter.nets.synchformer.config import PARTS

_RULES = (
    (r"^video\.", "vfeat_extractor."),
    (r"^audio\.(layernorm|embeddings|encoder)\.", r"afeat_extractor.ast.\1."),
    (r"^audio\.", "afeat_extractor."),
    (r"^comparison\.(vproj|aproj)\.", r"\1."),
    (r"^comparison\.pos_emb$", "transformer.pos_emb_cfg.pos_emb"),
    (r"^comparison\.", "transformer."),
    # Separate projections of the file, one fused matrix here.
    (r"\.attention\.qkv\.(query|key|value)\.", r".attention.attention.\1."),
    (r"\.attn\.qkv\.(query|key|value)\.", r".attn.\1."),
)

_OFFICIAL = {
    "video": r"vfeat_extractor\..*",
    "audio": r"afeat_extractor\..*",
    "compare": r"(vproj|aproj|transformer)\..*",
}

# A 2-D patch embedding, left over from the image model that the video tower started from.
_NEVER_READ = r"vfeat_extractor\.patch_embed\.proj\.(weight|bias)"


def key_map(parts: tuple[str, ...] = PARTS) -> KeyMap:
    """Return the key table of a network built with these parts; the other parts' keys count as unused."""
    absent = tuple(_OFFICIAL[part] for part in PARTS if part not in parts)
    return KeyMap(rules=_RULES, unused=(_NEVER_READ, *absent))


KEY_MAP = key_map()
"""Return the key table of the whole network."""
