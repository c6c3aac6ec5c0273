"""Which samples belong together: clips of one prompt (or of one speaker ...) are resampled together.

Eight seeds of one prompt resemble each other more than clips of eight prompts do; taken as independent they make an
interval that holds the truth half as often as it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from avmeter.run.columns import ID_COLUMN, column_values
from avmeter.sample import Sample

DEFAULT_COLUMN = "text_prompt"
CLUSTER_OPTION = "cluster"
"""Key in a run's provenance under which the column is remembered that the user named."""


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Samples by what they share.

    Attributes:
        column: Whose values they share.
        labels: Of each sample of the run, in order. A sample without a value is a cluster of its own.
    """

    column: str
    labels: tuple[str, ...]


def find_clusters(samples: Sequence[Sample], column: str | None = None) -> Clusters | None:
    """Return the clusters of a run's samples, or None where each stands alone.

    Args:
        samples: All samples of the run.
        column: Whose values make the clusters; "id" for none. Default is `text_prompt`, where clips share one: not
            where all have the same, since then there is nothing but these clips to resample.

    Raises:
        UnknownNameError: No sample has such a column.
    """
    if column == ID_COLUMN or not samples:
        return None
    if column is not None:
        return Clusters(column=column, labels=_labels(column_values(samples, column)))
    labels = _labels([_prompt(s) for s in samples])
    scored = [label for label, s in zip(labels, samples, strict=True) if s.role == "generated"]
    if len(set(scored)) in (0, 1, len(scored)):
        return None
    return Clusters(column=DEFAULT_COLUMN, labels=labels)


def _prompt(sample: Sample) -> str | None:
    prompt = sample.text(DEFAULT_COLUMN)
    return prompt if isinstance(prompt, str) else None


def _labels(values: Sequence[str | None]) -> tuple[str, ...]:
    """Return a label for each sample; the line break keeps those without a value apart from all values."""
    return tuple(f"\n{i}" if value is None else value.strip() for i, value in enumerate(values))
