"""What is written to be done is not counted as words, and words are not taken for it."""

from __future__ import annotations

import pytest

from avmeter.text.directions import spoken_words, transcribed_words
from support.growth import grows_in_line


@pytest.mark.parametrize(
    ("text", "said", "removed"),
    [
        ("[laughs] hello there", "hello there", ("[laughs]",)),
        ("<sigh> hello", "hello", ("<sigh>",)),
        ("(applause) hello", "hello", ("(applause)",)),
        ("*sighs* hello", "hello", ("*sighs*",)),
        ("{cough} hello", "hello", ("{cough}",)),
        ("（笑）你好【叹气】", "你好", ("[叹气]", "(笑)")),
        ("［笑い］こんにちは", "こんにちは", ("[笑い]",)),
        ("(risas) hola [suspira]", "hola", ("[suspira]", "(risas)")),
        ("♪ upbeat music ♪ hello", "hello", ("♪ upbeat music ♪",)),
        ('wait <break time="1s"/> please', "wait please", ('<break time="1s"/>',)),
        ("<laughter>so funny</laughter> yes", "so funny yes", ("<laughter>", "</laughter>")),
        ("<|zh|><|HAPPY|>hello", "hello", ("<|zh|>", "<|HAPPY|>")),
        ("[S1] Hello. [S2] Hi. (laughs)", "Hello. Hi.", ("[S1]", "[S2]", "(laughs)")),
        ("[strong French accent] oui oui", "oui oui", ("[strong French accent]",)),
        ("(excited) hello (in a whisper) there (2 seconds)", "hello there",
         ("(excited)", "(in a whisper)", "(2 seconds)")),
        ("[laughs [loudly]] hello", "hello", ("[loudly]", "[laughs  ]")),
        ("SPEAKER 1: hello\nSPEAKER 2: hi", "hello hi", ("SPEAKER 1:", "SPEAKER 2:")),
        ("Speaker 0: hello Speaker 1: hi", "hello hi", ("Speaker 0:", "Speaker 1:")),
        ("Alice: Hello.\nBob: Hi.", "Hello. Hi.", ("Alice:", "Bob:")),
        ("**Alice:** Hello.\n**Bob:** Hi.", "Hello. Hi.", ("**Alice:**", "**Bob:**")),
        ("Alice: hello there", "hello there", ("Alice:",)),
        ("Alice (whispering): hello", "hello", ("(whispering)", "Alice  :")),
        ("小明：你好\n小红：再见", "你好 再见", ("小明:", "小红:")),
        ("A man waves. <S>Hello.<E> He goes. <AUDCAP>wind<ENDAUDCAP>", "Hello.",
         ("<AUDCAP>wind<ENDAUDCAP>", "A man waves. He goes.")),
        ("<S>Hello.<E> She nods. <S>Bye.<E>", "Hello. Bye.", ("She nods.",)),
        ("<S>Hello there.<E>", "Hello there.", ()),
        ("[00:00:01.000] hello", "hello", ("[00:00:01.000]",)),
        ("{{cough}} hello", "hello", ("{cough}",)),
        ("[laughs]", "", ("[laughs]",)),
    ],
)  # fmt: skip
def test_direction_is_taken_out_and_listed(text: str, said: str, removed: tuple[str, ...]) -> None:
    """In every notation, with what was taken out in the order of its kind."""
    found = spoken_words(text)
    assert " ".join(found.text.split()) == said
    assert found.removed == removed


@pytest.mark.parametrize(
    "text",
    [
        "I (my brother too) went",
        "(a) first, (b) second",
        "step [1] and [b]",
        "a < b and c > d, 3 > 2 and 1 < 2, x <y and z> w",
        "a<b>c",
        "I <3 you :) (: :-( 8)",
        "[hello there my good old friend] yes",
        "[hello]",
        "(the music stopped) we left",
        "I *really* mean it",
        "♪ in the jungle the mighty jungle ♪",
        "[laughs hello",
        "hello (laughs",
        "Note: this is it",
        "Question: what is it?",
        "At 10:30 we go to http://a.b",
        "He said: hello",
        "他说：你好",
        "（我弟弟）去了",
        "",
    ],
)
def test_words_that_are_said_stay(text: str) -> None:
    """In doubt nothing is taken out: such a text is not changed at all."""
    assert spoken_words(text).text == text
    assert spoken_words(text).removed == ()


def test_unclosed_marks_of_ovi_lose_no_words() -> None:
    """<S> without <E> is markup, and everything around it stays."""
    assert spoken_words("A man waves. <S>Hello.").text.split() == ["A", "man", "waves.", "Hello."]


@pytest.mark.parametrize(
    ("text", "said"),
    [("[Music] hello", "hello"), ("(laughs) hi", "hi"), ("[BLANK_AUDIO]", ""), ("[I know] hi", "[I know] hi"),
     ("Alice: hello", "Alice: hello")],
)  # fmt: skip
def test_transcript_loses_named_sounds_alone(text: str, said: str) -> None:
    """A recogniser writes [Music] for what it did not take for words; everything else it heard."""
    assert " ".join(transcribed_words(text).text.split()) == said


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "[a" * 30_000, "<S>" * 30_000, "(laughs) " * 10_000, "<a " * 30_000, "*a" * 30_000, " " * 50_000,
     "Alice: x\n" * 10_000, "♪a" * 30_000, "<AUDCAP>" * 20_000, "Aa " * 30_000, "\n" * 50_000, "a<b>c" * 10_000],
)  # fmt: skip
def test_long_texts_take_linear_time(text: str) -> None:
    """No notation makes a text slow."""
    assert grows_in_line(spoken_words, text)
