"""Character error rate: are the characters that are said the ones that should be?

    CER = (substitutions + deletions + insertions) / characters of the reference

A character is a letter with its marks; spaces are left out. For languages that do not space their words (Chinese,
Japanese, Thai ...) it is the rate that papers report; for others it forgives a wrong ending, and does not care where
words are cut. Everything else is as for `audio.wer`: the transcript, the normaliser, clips without sound, silence.

A good value: that of real recordings of the same texts by the same recogniser; 0 is perfect. Lower than the WER of the
same clips, as a rule.
Not seen: voice, prosody, quality, lip movements; a recogniser guesses words that a person would not understand.

Source: seed-tts-eval run_wer.py (Chinese); the definition of NIST's speech evaluations, of characters.
"""

from __future__ import annotations

from avmeter.metrics.transcript_metric import Pair, TranscriptMetric
from avmeter.metrics.word_errors import CER_KEYS
from avmeter.registry import register
from avmeter.text.error_rate import align
from avmeter.text.tokens import characters, tokens


@register("audio.cer")
class Cer(TranscriptMetric):
    """Character error rate; 0 is perfect, above 1 is possible; lower is better.

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

    unit = "edits per character"
    keys = CER_KEYS

    def units(self, text: str, *, char_level: bool) -> list[str]:
        """Return characters with their marks, without spaces."""
        return characters(text)

    def other_rate(self, pair: Pair) -> dict[str, float | None]:
        """Return the word error rate."""
        words = (tokens(text, pair.char_level) for text in (pair.reference, pair.transcript))
        return {"wer": align(*words).error_rate}
