"""Word error rate: are the words that are said the ones that should be?

    WER = (substitutions + deletions + insertions) / words of the reference

Per clip, and over the corpus (all edits over all words), which is what papers report. The transcript comes from a
speech recogniser, so its own errors are part of the number: compare only scores of one recogniser, and one
normaliser of text.

A clip that has a text but gives no sound (the file is absent, damaged, has no sound track ...) said none of its
words: over the corpus they count as deletions, so that a model cannot gain by failing. `wer_scored_only` is the rate
without them. Clips that the run could not treat (no weights, out of memory) are left out, and counted by reason.

The default normaliser (`magihuman`) takes stage directions and names of speakers out of the text ([laughs], <sigh>,
"Alice:") and lists them in the details; writes numbers in one way in the languages that have rules, and says so where a
language has none; and leaves signs out that writers leave out (Arabic and Hebrew vowels). Published normalisers stay as
published.

A good value: that of real recordings of the same texts by the same recogniser; 0 is perfect.
Not seen: voice, prosody, quality, lip movements; a recogniser guesses words that a person would not understand.

Source: the definition of NIST's speech evaluations; FastVideo audio.wer; seed-tts-eval run_wer.py.
"""

from __future__ import annotations

from avmeter.metrics.transcript_metric import Pair, TranscriptMetric
from avmeter.metrics.word_errors import WER_KEYS
from avmeter.registry import register
from avmeter.text.error_rate import align
from avmeter.text.tokens import characters, tokens


@register("audio.wer")
class Wer(TranscriptMetric):
    """Word (or character) error rate; 0 is perfect, above 1 is possible; lower is better.

    Args:
        asr_backend: Speech recogniser; "given" takes the samples' own `given_transcript`, and hears nothing.
        engine: Program that runs it; None is the backend's default. Whisper has two, "faster-whisper" and
            "transformers", which computes in batches.
        model_name: Size, hub name or folder of the recogniser's model; None is its default ("base" for Whisper).
        timestamps: Decode timestamps too, with engine="transformers"; FastVideo's harness does not, and finds fewer
            words.
        instruction: Request to GLM-ASR; None is its processor's own.
        second_backend: Another recogniser, for `disagreement`: words that two transcribe differently are uncertain.
        second_model_name: Its model.
        words_from: Sample field with the words that should be said: "reference_text", or "text_prompt" where a prompt
            is a script. Of a prompt in Ovi's notation only what is between <S> and <E> counts.
        normalizer: Normaliser of both texts, see `avmeter.text.normalise`.
        numbers: Let "fifty" equal "50", for normalisers that leave it open and languages with rules.
        missing: How clips without sound count in the corpus rate: as "deletions" of all their words, or "leave_out".
        protocol: Both protocols are the same here.
    """

    unit = "edits per word"
    keys = WER_KEYS

    def units(self, text: str, *, char_level: bool) -> list[str]:
        """Return words, or characters of scripts that do not space them."""
        return tokens(text, char_level)

    def other_rate(self, pair: Pair) -> dict[str, float | None]:
        """Return the character error rate."""
        return {"cer": align(characters(pair.reference), characters(pair.transcript)).error_rate}
