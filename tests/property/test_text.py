"""What holds for every text."""

from __future__ import annotations

import jiwer
from hypothesis import given, settings
from hypothesis import strategies as st

from avmeter.text.directions import spoken_words
from avmeter.text.error_rate import align, corpus_error_rate
from avmeter.text.language import detect_char_level, parse_language
from avmeter.text.normalise import normalise
from avmeter.text.repetition import repeated_ngram_share
from avmeter.text.tokens import characters, tokens
from support import require
from support.strategies import NORMALISER_NAMES, NUMBER_WORDS, TEXTS, WORDS, languages

# The first example pays for imports, and a busy machine for its neighbours.
untimed = settings(deadline=None)


@untimed
@given(WORDS, WORDS)
def test_counts_are_consistent(reference: list[str], hypothesis: list[str]) -> None:
    """Every token of either text is in exactly one count, and the steps spell both texts."""
    found = align(reference, hypothesis)
    assert found.hits + found.substitutions + found.deletions == len(reference) == found.num_reference
    assert found.hits + found.substitutions + found.insertions == len(hypothesis) == found.num_hypothesis
    assert [op.reference for op in found.ops if op.kind != "insert"] == reference
    assert [op.hypothesis for op in found.ops if op.kind != "delete"] == hypothesis
    assert sum(op.kind != "equal" for op in found.ops) == found.edits


@untimed
@given(WORDS, WORDS)
def test_edits_are_symmetric_and_bounded(a: list[str], b: list[str]) -> None:
    """Edits do not depend on the direction and never exceed rewriting everything."""
    assert align(a, b).edits == align(b, a).edits <= max(len(a), len(b))
    assert align(a, b).edits >= abs(len(a) - len(b))


@untimed
@given(WORDS)
def test_equal_texts_have_no_errors(reference: list[str]) -> None:
    """A text against itself has rate 0, or none if it is empty."""
    assert align(reference, reference).error_rate == (0.0 if reference else None)


@untimed
@given(WORDS)
def test_empty_hypothesis_loses_everything(reference: list[str]) -> None:
    """Silence against words is a rate of exactly 1."""
    assert align(reference, []).error_rate == (1.0 if reference else None)


@untimed
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_counts_are_jiwers(reference: list[str], hypothesis: list[str]) -> None:
    """Each count is the one jiwer gives for the same words."""
    found, published = align(reference, hypothesis), jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    assert (found.hits, found.substitutions, found.deletions, found.insertions) == (
        published.hits,
        published.substitutions,
        published.deletions,
        published.insertions,
    )


@untimed
@given(st.lists(st.tuples(WORDS, WORDS), max_size=6))
def test_corpus_rate_lies_among_the_rates_of_its_clips(pairs: list[tuple[list[str], list[str]]]) -> None:
    """Both corpus rates lie between the best and the worst clip."""
    found = [align(*pair) for pair in pairs]
    rates = [a.error_rate for a in found if a.error_rate is not None]
    corpus = corpus_error_rate(found)
    if not rates:
        assert corpus.error_rate is None
        return
    for value in (corpus.error_rate, corpus.macro_error_rate):
        assert value is not None
        assert min(rates) - 1e-12 <= value <= max(rates) + 1e-12


@untimed
@given(
    TEXTS, NORMALISER_NAMES, languages("en", "de", "tr", "zh", "ja", "ko", "th", "ru", "hi", "ar", "he"), st.booleans()
)
def test_every_text_can_be_normalised_and_cut(text: str, name: str, language: object, numbers: bool) -> None:
    """No text breaks a normaliser, and tokens hold no white space and lose no character."""
    parsed = language
    done = normalise(text, name, parsed, numbers=numbers)  # type: ignore[arg-type]
    for char_level in (True, False):
        cut = tokens(done, char_level)
        assert all(cut)
        assert "".join(cut) == "".join(done.split()) == "".join(characters(done))
    detect_char_level(done)


@untimed
@given(NUMBER_WORDS)
def test_whispers_normaliser_takes_number_words(text: str) -> None:
    """Any sequence of number words passes through Whisper's normaliser; what it makes of numbers holds no capitals."""
    require.package("transformers")
    done = normalise(text, "whisper-english")
    assert done == done.lower()
    assert "  " not in done


@untimed
@given(TEXTS, languages("en", "zh", "th"))
def test_default_normaliser_without_numbers_is_idempotent(text: str, language: object) -> None:
    """A normalised text is left alone, where the decimal mark it writes is the one it reads."""
    once = normalise(text, "magihuman", language, numbers=False)  # type: ignore[arg-type]
    assert normalise(once, "magihuman", language, numbers=False) == once  # type: ignore[arg-type]


@untimed
@given(st.integers(min_value=0, max_value=10**12))
def test_number_is_equal_to_its_words(number: int) -> None:
    """Digits, grouped digits and words of one number are one text."""
    forms = {normalise(form, "magihuman") for form in (str(number), f"{number:,}", _in_words(number))}
    assert len(forms) == 1


@untimed
@given(
    st.integers(min_value=2, max_value=10**9), st.sampled_from(["de", "es", "fr", "ja", "ko", "pt", "ru", "th", "uk"])
)
def test_number_is_equal_to_the_words_of_the_library(number: int, code: str) -> None:
    """What num2words writes for a number and its digits are one text, but for spaces in Korean."""
    num2words = require.package("num2words").num2words
    language = parse_language(code)
    forms = {
        normalise(form, "magihuman", language).replace(" ", "") for form in (str(number), num2words(number, lang=code))
    }
    assert len(forms) == 1


@untimed
@given(TEXTS)
def test_words_outside_brackets_are_never_taken_out(text: str) -> None:
    """Without brackets, marks and colons a text is left alone; with them it only gets shorter."""
    said = spoken_words(text)
    assert len(said.text) <= len(text)
    if not set(text) & set("[]{}<>()*♪♫♬:：（）［］｛｝＜＞【】〔〕〖〗＊"):
        assert said.text == text


@untimed
@given(WORDS, st.integers(min_value=1, max_value=4))
def test_repetition_is_a_share(text: list[str], n: int) -> None:
    """The share is below 1 and above or at 0, or there is none."""
    share = repeated_ngram_share(text, n)
    assert share is None if len(text) < n else share is not None and 0 <= share < 1


_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))


def _in_words(number: int) -> str:
    """A number as it is said in Britain."""
    if number < 20:
        return _SMALL.split()[number]
    if number < 100:
        return _TENS.split()[number // 10] + (f"-{_in_words(number % 10)}" if number % 10 else "")
    scale, name = next((scale, name) for scale, name in _SCALES if number >= scale)
    count, rest = divmod(number, scale)
    joint = " and " if rest < 100 else " "
    return f"{_in_words(count)} {name}" + (f"{joint}{_in_words(rest)}" if rest else "")
