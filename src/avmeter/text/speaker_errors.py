"""Error rates of dialogues: concatenated minimum permutation (cpWER).

    rate = min over assignments a of  sum_s edits(reference of s, transcript of a(s))  /  tokens of all references

All that a speaker says is one text. Each speaker of the reference is assigned one of the transcript or nobody, so that
the edits are fewest: names need not agree, and whoever is left over counts with all words, as deletions or insertions.

Source: Watanabe et al., "CHiME-6 Challenge" (2020); equal to `cp_word_error_rate` of MeetEval 0.4.3. Where several
assignments have the fewest edits, their split into kinds may differ from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avmeter.text.error_rate import Alignment, align, num_edits


@dataclass(frozen=True, kw_only=True)
class DialogueErrors:
    """A shortest alignment of a dialogue.

    Attributes:
        alignment: Of all speakers, one after the other.
        assignment: Speaker of the reference, and of the transcript; None where there is no other side.
    """

    alignment: Alignment
    assignment: tuple[tuple[str | None, str | None], ...]


def align_dialogue(
    *, reference: Mapping[str, Sequence[str]], transcript: Mapping[str, Sequence[str]]
) -> DialogueErrors:
    """Align the tokens of all speakers under the assignment with the fewest edits.

    Args:
        reference: Speaker -> tokens that should be said.
        transcript: Speaker -> tokens that were heard; names are free.
    """
    size = max(len(reference), len(transcript))
    should: list[str | None] = [*reference, *[None] * (size - len(reference))]
    heard: list[str | None] = [*transcript, *[None] * (size - len(transcript))]
    edits = num_edits([_tokens(reference, s) for s in should], [_tokens(transcript, h) for h in heard])
    chosen = [
        (i, j, align(_tokens(reference, should[i]), _tokens(transcript, heard[j])))
        for i, j in enumerate(cheapest_assignment(edits))
    ]
    return DialogueErrors(
        alignment=Alignment(
            hits=sum(pair.hits for *_, pair in chosen),
            substitutions=sum(pair.substitutions for *_, pair in chosen),
            deletions=sum(pair.deletions for *_, pair in chosen),
            insertions=sum(pair.insertions for *_, pair in chosen),
            ops=tuple(op for *_, pair in chosen for op in pair.ops),
        ),
        assignment=tuple((should[i], heard[j]) for i, j, _ in chosen),
    )


def cheapest_assignment(costs: npt.NDArray[np.float64]) -> list[int]:
    """Return the column of each row of (N, N) costs, each column once, so that their sum is least.

    Source: the Hungarian method with potentials, Kuhn and Munkres; row by row along shortest augmenting paths.
    """
    size = len(costs)
    row_potential, column_potential = np.zeros(size + 1), np.zeros(size + 1)
    row_of = np.zeros(size + 1, dtype=np.int64)  # rows and columns count from 1; 0 is none
    for row in range(1, size + 1):
        row_of[0], column = row, 0
        slack, before = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=np.int64)
        visited = np.zeros(size + 1, dtype=bool)
        while row_of[column]:
            visited[column] = True
            reduced = costs[row_of[column] - 1] - row_potential[row_of[column]] - column_potential[1:]
            closer = ~visited[1:] & (reduced < slack[1:])
            slack[1:][closer], before[1:][closer] = reduced[closer], column
            free = np.flatnonzero(~visited)
            nearest = int(free[np.argmin(slack[free])])
            step = slack[nearest]
            row_potential[row_of[visited]] += step
            column_potential[visited] -= step
            slack[~visited] -= step
            column = nearest
        while column:
            row_of[column] = row_of[before[column]]
            column = int(before[column])
    columns = {int(row_of[column]): column - 1 for column in range(1, size + 1)}
    return [columns[row] for row in range(1, size + 1)]


def _tokens(speakers: Mapping[str, Sequence[str]], name: str | None) -> Sequence[str]:
    return speakers[name] if name is not None else ()
