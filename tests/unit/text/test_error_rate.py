"""Error rates of clips and corpora, on alignments that can be counted by hand."""

from __future__ import annotations

import jiwer
import pytest

from avmeter.text.error_rate import align, corpus_error_rate
from avmeter.text.tokens import characters


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts", "rate"),
    [
        ("a b c d", "a b c d", (4, 0, 0, 0), 0.0),
        ("a b c d", "a x c d", (3, 1, 0, 0), 0.25),
        ("a b c d", "a c d", (3, 0, 1, 0), 0.25),
        ("a b c d", "a b x c d", (4, 0, 0, 1), 0.25),
        ("a", "x y z", (0, 1, 0, 2), 3.0),
        ("a b", "", (0, 0, 2, 0), 1.0),
        # No rate without words to divide by; the insertions are still counted.
        ("", "", (0, 0, 0, 0), None),
        ("", "hello", (0, 0, 0, 1), None),
        ("", "hello big world", (0, 0, 0, 3), None),
    ],
)
def test_counts_of_a_pair(reference: str, hypothesis: str, counts: tuple[int, ...], rate: float | None) -> None:
    """Hits, substitutions, deletions and insertions are those of a shortest alignment; so is the rate."""
    alignment = align(reference.split(), hypothesis.split())
    assert (alignment.hits, alignment.substitutions, alignment.deletions, alignment.insertions) == counts
    assert alignment.error_rate == rate


def test_steps_spell_both_texts() -> None:
    """The steps of an alignment are in reading order and say what stood where."""
    ops = align(["the", "cat", "sat", "down"], ["the", "bat", "sat", "right", "down"]).ops
    assert [(op.kind, op.reference, op.hypothesis) for op in ops] == [
        ("equal", "the", "the"),
        ("substitute", "cat", "bat"),
        ("equal", "sat", "sat"),
        ("insert", None, "right"),
        ("equal", "down", "down"),
    ]


def test_tokens_with_spaces_are_compared_whole() -> None:
    """A token is what the caller says, whatever characters it holds."""
    assert align(["new york", ""], ["new york"]).deletions == 1


def test_rate_agrees_with_jiwer_on_ordinary_text() -> None:
    """The rate is the one jiwer computes from the same words."""
    reference, hypothesis = "she sells sea shells by the shore", "she sell sea shells on by shore shore"
    assert align(reference.split(), hypothesis.split()).error_rate == jiwer.wer(reference, hypothesis)


def test_character_error_rate_counts_characters() -> None:
    """The same alignment over characters is the character error rate."""
    assert align(characters("kitten"), characters("sitting")).error_rate == pytest.approx(3 / 6)


def test_corpus_rate_is_edits_over_words_with_the_mean_beside_it() -> None:
    """A one-word clip that is wrong weighs as one word in ten, and as half only in the mean of rates."""
    nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
    corpus = corpus_error_rate([align(["a"], ["b"]), align(nine, nine)])
    assert (corpus.error_rate, corpus.macro_error_rate) == (0.1, 0.5)
    assert (corpus.edits, corpus.num_reference, corpus.num_clips) == (1, 10, 2)


def test_absent_clip_counts_as_deletions() -> None:
    """A clip that gave nothing loses all its words when it is listed with an empty hypothesis."""
    nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
    corpus = corpus_error_rate([align(["a"], ["a"]), align(nine, [])])
    assert corpus.error_rate == 0.9


def test_speech_where_none_was_wanted_stays_out_of_the_rate() -> None:
    """Insertions into silence are reported beside the corpus rate, not in it."""
    corpus = corpus_error_rate([align([], ["thank", "you"]), align(list("abcd"), list("abcd"))])
    assert corpus.error_rate == 0.0
    assert (corpus.num_empty_references, corpus.unwanted_insertions, corpus.num_clips) == (1, 2, 1)


def test_corpus_without_reference_words_has_no_rate() -> None:
    """No words, no rate: neither zero nor an error."""
    corpus = corpus_error_rate([align([], ["you"])])
    assert corpus.error_rate is None
    assert corpus.macro_error_rate is None
    assert corpus_error_rate([]).error_rate is None
