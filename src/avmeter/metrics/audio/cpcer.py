"""cpCER: does each speaker of a dialogue say the characters that they should?

    cpCER = fewest (substitutions + deletions + insertions) over assignments of speakers / characters of the reference

All turns of a speaker are one text. Speakers of the transcript are assigned to those of the reference so that the edits
are fewest ("concatenated minimum permutation"): names need not agree, words given to the wrong person are errors, and a
speaker who is missing or made up counts with all characters. Per clip, and over the corpus (all edits over all
characters).

Who speaks is not found here: `reference_text` and `given_transcript` are lists of turns with `speaker` and `text`, the
latter by any recogniser that tells speakers apart. A clip without them is skipped, and is no deletion.

A good value: 0 is perfect; the CER of the same clips without speakers is the floor, the rest is words of the wrong
person.
Not seen: voice, quality, overlap and order between speakers.

Source: Watanabe et al., "CHiME-6 Challenge" (2020); MeetEval 0.4.3, `cp_word_error_rate`.
"""

from __future__ import annotations

from avmeter.metrics.dialogue_metric import DialogueMetric
from avmeter.metrics.word_errors import CER_KEYS
from avmeter.registry import register
from avmeter.text.tokens import characters


@register("audio.cpcer")
class CpCer(DialogueMetric):
    """Character error rate of a dialogue; 0 is perfect, above 1 is possible; lower is better.

    Args:
        normalizer: Normaliser of both texts, see `avmeter.text.normalise`.
        numbers: Let "fifty" equal "50", for normalisers that leave it open and languages with rules.
        protocol: Both protocols are the same here.
    """

    unit = "edits per character"
    keys = CER_KEYS

    def units(self, text: str, *, char_level: bool) -> list[str]:
        """Return characters with their marks, without spaces."""
        return characters(text)
