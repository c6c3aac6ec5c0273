"""Short names under which the field knows metrics, beside the last part of a metric's own name ("wer", "desync")."""

from __future__ import annotations

from avmeter.registry import list_metrics

SYNONYMS = {
    "fad": "audio.frechet_distance@vggish",
    "fd": "audio.frechet_distance",
    "fad_inf": "audio.frechet_distance_infinity",
    "kd": "audio.kernel_distance",
    "kad": "audio.kernel_distance",
    "kl": "audio.kl_divergence",
    "kld": "audio.kl_divergence",
    "is": "audio.inception_score",
    "isc": "audio.inception_score",
    "clap": "audio.clap_score",
    "sim": "audio.speaker_similarity",
    "ib": "audio.imagebind_score",
    "imagebind": "audio.imagebind_score",
    "audiobox": "audio.audiobox_aesthetics",
    "lufs": "audio.loudness",
}
"""Short name -> metric, labelled or not. FAD is on VGGish by definition; FD names no network: the default one."""


_SYNC = ("audio.desync", "av.align", "av.javis_score")
TOPICS = dict.fromkeys(("sync", "avsync", "av_sync", "synchrony", "synchronization", "synchronisation"), _SYNC)
"""What several metrics measure -> those. No synonym, as they do not compare; messages name them."""


def full_name(name: str) -> str:
    """Return the metric that a short name means; any other name is returned as it is."""
    short, at, label = name.partition("@")
    if "." in short:
        return name
    meant = SYNONYMS.get(short.lower())
    if meant is None:
        same_end = [known for known in list_metrics() if known.rpartition(".")[2] == short.lower()]
        meant = same_end[0] if len(same_end) == 1 else None
    if meant is None:
        return name
    return f"{meant.partition('@')[0]}@{label}" if at else meant
