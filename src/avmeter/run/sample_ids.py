"""Which sample of one run is which of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from avmeter.media.extensions import without_extension


def match_sample_ids(ids: Sequence[str], baseline_ids: Sequence[str]) -> dict[str, str]:
    """Return for each id the id of the same sample in the baseline run; ids without a partner are absent.

    Equal ids are partners. Ids that differ only by a media extension (`clip1.wav`, `clip1.flac`) are too, unless one
    of the runs has several of that name: clips of one run that differ by extension stay apart.
    """
    baseline = set(baseline_ids)
    matched = {i: i for i in ids if i in baseline}
    bare, baseline_bare = _by_bare_name(ids), _by_bare_name(baseline_ids)
    for name, sample_id in bare.items():
        if sample_id not in matched and name in baseline_bare:
            matched[sample_id] = baseline_bare[name]
    return matched


def _by_bare_name(ids: Sequence[str]) -> dict[str, str]:
    """Return ids by their name without extension, where only one has it."""
    counts = Counter(without_extension(i) for i in set(ids))
    return {name: i for i in ids if counts[name := without_extension(i)] == 1}
