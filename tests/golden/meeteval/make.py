"""Rebuilds the golden values of cpWER by running MeetEval. See README.md for versions.

    python make.py
"""

from __future__ import annotations

import json
from pathlib import Path

import meeteval
import numpy as np

HERE = Path(__file__).parent
NUM_RANDOM = 40
CASES = [
    ({"Ann": "a b c", "Bob": "d e"}, {"1": "d e", "2": "a c", "3": "q"}),
    ({"Ann": "a b c", "Bob": "d e"}, {"1": "a b c d e"}),
    ({"Ann": "a b c"}, {}),
    ({"Ann": "a b", "Bob": ""}, {"1": "b", "2": "a"}),
    ({"Ann": "a b c d", "Bob": "c d a b"}, {"1": "a b a b", "2": "c d c d"}),
]


def dialogue(random, num_speakers):
    """Texts of 0 to 8 words of a small vocabulary."""
    return {f"s{i}": " ".join(random.choice(list("abcde"), size=random.integers(0, 9))) for i in range(num_speakers)}


def main():
    random = np.random.default_rng(0)
    cases = CASES + [
        (dialogue(random, random.integers(1, 6)), dialogue(random, random.integers(0, 6))) for _ in range(NUM_RANDOM)
    ]
    rows = []
    for reference, transcript in cases:
        found = meeteval.wer.cp_word_error_rate(reference, transcript)
        rows.append(
            {
                "reference": reference,
                "transcript": transcript,
                "errors": found.errors,
                "length": found.length,
                "insertions_less_deletions": found.insertions - found.deletions,
            }
        )
    lines = ",\n".join(f" {json.dumps(row)}" for row in rows)
    (HERE / "cpwer.json").write_text(f"[\n{lines}\n]\n")


main()
