"""Word and character error rates.

    rate = (substitutions + deletions + insertions) / (hits + substitutions + deletions)

over a shortest alignment (Levenshtein) of what was heard with what should have been said. The denominator is the
length of the reference: the rate can exceed 1, and is not defined for an empty reference. The alignment is jiwer's.

Differs from jiwer 4, whose "rate" of an empty reference is the number of insertions: a count in place of a rate would
enter means, so `error_rate` is None and the count stays in `insertions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["equal", "substitute", "delete", "insert"]


@dataclass(frozen=True, kw_only=True)
class Op:
    """One step of an alignment: `reference` is None for an insertion, `hypothesis` None for a deletion."""

    kind: Kind
    reference: str | None
    hypothesis: str | None


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Counts of a shortest alignment, and its steps in reading order."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int
    ops: tuple[Op, ...]

    @property
    def edits(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def num_reference(self) -> int:
        return self.hits + self.substitutions + self.deletions

    @property
    def num_hypothesis(self) -> int:
        return self.hits + self.substitutions + self.insertions

    @property
    def error_rate(self) -> float | None:
        """Edits per token of the reference, >= 0, lower is better; None for an empty reference."""
        return self.edits / self.num_reference if self.num_reference else None


@dataclass(frozen=True, kw_only=True)
class CorpusErrorRate:
    """Error rate over many clips.

    Attributes:
        error_rate: All edits over all reference tokens: the figure that papers report. None without reference tokens.
        macro_error_rate: Mean of the clips' own rates, short clips weighing as much as long ones. None likewise.
        edits: Edits of the clips with a reference.
        num_reference: Their reference tokens.
        num_clips: Clips with a reference.
        num_empty_references: Clips in which nothing should be said; in neither rate.
        unwanted_insertions: Tokens heard in those.
    """

    error_rate: float | None
    macro_error_rate: float | None
    edits: int
    num_reference: int
    num_clips: int
    num_empty_references: int
    unwanted_insertions: int


def align(reference_tokens: Sequence[str], hypothesis_tokens: Sequence[str]) -> Alignment:
    """A shortest alignment of two token sequences; the same one every time."""
    # Imported here: jiwer takes a tenth of a second, which a command that scores no speech should not pay.
    import jiwer

    # Tokens go as numbers, because jiwer cuts text at white space and tokens are whatever the caller says.
    numbers = _numbered([reference_tokens, hypothesis_tokens])
    result = jiwer.process_words(
        " ".join(str(numbers[token]) for token in reference_tokens),
        " ".join(str(numbers[token]) for token in hypothesis_tokens),
    )
    return Alignment(
        hits=result.hits,
        substitutions=result.substitutions,
        deletions=result.deletions,
        insertions=result.insertions,
        ops=tuple(_ops(result.alignments[0], reference_tokens, hypothesis_tokens)),
    )


def num_edits(references: Sequence[Sequence[str]], hypotheses: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """Return the fewest edits from every reference (rows) to every hypothesis (columns), without their alignments."""
    from rapidfuzz.distance import Levenshtein  # imported here, as jiwer is

    numbers = _numbered([*references, *hypotheses])
    rows, columns = ([[numbers[token] for token in tokens] for tokens in side] for side in (references, hypotheses))
    edits = [[Levenshtein.distance(row, column) for column in columns] for row in rows]
    return np.array(edits, dtype=np.float64).reshape(len(rows), len(columns))


def _numbered(texts: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return a number for each token that occurs."""
    return {token: number for number, token in enumerate(dict.fromkeys(t for tokens in texts for t in tokens))}


def corpus_error_rate(alignments: Sequence[Alignment]) -> CorpusErrorRate:
    """The error rate of a corpus, with the mean of the clips' rates beside it.

    A clip that gave no sound belongs in the list with an empty hypothesis (all of its words deleted), or the rate
    speaks of fewer clips than were asked for.
    """
    rates = [a.error_rate for a in alignments if a.error_rate is not None]
    spoken = [a for a in alignments if a.num_reference]
    edits, num_reference = sum(a.edits for a in spoken), sum(a.num_reference for a in spoken)
    return CorpusErrorRate(
        error_rate=edits / num_reference if num_reference else None,
        macro_error_rate=sum(rates) / len(rates) if rates else None,
        edits=edits,
        num_reference=num_reference,
        num_clips=len(spoken),
        num_empty_references=len(alignments) - len(spoken),
        unwanted_insertions=sum(a.insertions for a in alignments if not a.num_reference),
    )


def _ops(chunks: Sequence[Any], reference: Sequence[str], hypothesis: Sequence[str]) -> Iterator[Op]:
    for chunk in chunks:
        wanted = reference[chunk.ref_start_idx : chunk.ref_end_idx]
        heard = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
        for position in range(max(len(wanted), len(heard))):
            yield Op(
                kind=chunk.type,
                reference=wanted[position] if position < len(wanted) else None,
                hypothesis=heard[position] if position < len(heard) else None,
            )
