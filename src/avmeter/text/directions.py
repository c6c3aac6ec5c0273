"""Stage directions and names of speakers in a text: what is written to be done, not to be said.

    [laughs] <sigh> {cough} (applause) *sighs* 【笑】（笑）       a sound, a pause, a manner of speaking
    <break time="1s"/> <strong> </s> <|HAPPY|>                  markup
    [S1] [excited] [MAN]                                        tags of Dia, ElevenLabs, Bark and others
    Alice: ... / SPEAKER 1: ... / Speaker 0: ...                names of those who speak, at the beginning of a line
    A man waves. <S>Hello.<E> <AUDCAP>wind<ENDAUDCAP>           Ovi: only what is between <S> and <E> is said

What is taken out is listed, so that nothing vanishes in silence. In doubt words stay:

- Square and curly brackets are a notation of tags: short ones go, unless they hold a number or a letter ("step [1]"),
  or most of the text.
- Parentheses and asterisks also hold words that are said ("(my brother)", "I *really* mean it"): they go where a few
  words name a sound, a pause or a manner of speaking. So do lines between ♪; words that are sung stay.
- A bracket that does not close, "a < b" and "<3" are none of this.
- "Alice:" goes where two lines have such a name, or the text is one line that opens with a capitalised name; not
  "Note:", "Question:" and the like.

Sources of the notations: the READMEs of Bark, Dia, VibeVoice, Ovi and Orpheus; ElevenLabs' guide to audio tags;
SSML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_FULL_WIDTH = str.maketrans("（）［］｛｝＜＞【】〔〕〖〗＊：", "()[]{}<>[][][]*:")
_MAX_LENGTH = 160
_MAX_TAG_WORDS = 6
_MAX_DIRECTION_WORDS = 4
_PASSES = 3  # brackets within brackets

_BRACKETS = re.compile(rf"\[[^\[\]]{{0,{_MAX_LENGTH}}}\]|\{{[^{{}}]{{0,{_MAX_LENGTH}}}\}}")
_ANGLES = re.compile(rf"<[^<>]{{1,{_MAX_LENGTH}}}>")
_PARENTHESES = re.compile(rf"\([^()]{{1,{_MAX_LENGTH}}}\)")
_ASTERISKS = re.compile(rf"(?<!\*)\*[^*\n]{{1,{_MAX_LENGTH}}}\*(?!\*)")
_NOTES = re.compile(rf"[♪♫♬][^♪♫♬\n]{{1,{_MAX_LENGTH}}}[♪♫♬]")
_MARKUP = re.compile(r"</?[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))*\s*/?>|<\|[^|<>]*\|>")
_GLUED = re.compile(r"\w<\w+>\w")

_SOUND_WORDS = """
laugh laughs laughing laughed laughter chuckle chuckles chuckling giggle giggles giggling snicker snickers
cackle cackles sigh sighs sighing gasp gasps gasping cough coughs coughing sneeze sneezes sneezing sniff sniffs
sniffling sniffle sniffles sob sobs sobbing cry cries crying weep weeps weeping whimper whimpers groan groans
groaning moan moans moaning grunt grunts growl growls scream screams screaming shriek shrieks yell yells yelling
shouting whisper whispers whispering whispered mumble mumbles mumbling murmur murmurs mutter mutters muttering
hum hums humming singing sings whistle whistles whistling yawn yawns yawning gulp gulps burp burps hiccup
hiccups snore snores snoring snort snorts inhale inhales exhale exhales breath breaths breathe breathes
breathing throat applause applauds applauding clap claps clapping cheer cheers cheering booing music
instrumental silence pause pauses pausing beat inaudible indistinct unintelligible crosstalk blank_audio noise
noises static beep beeps beeping ringing rings footsteps thunder barking barks audience crowd voiceover
narrating risas risa ríe rie aplausos suspiro suspira tos tose música musica susurra llora pausa rires rire rit
applaudissements soupir soupire toux tousse musique murmure pleure lacht lachen gelächter applaus seufzt seufzen
hustet husten musik flüstert weint räuspert ride risate risata applausi sospira sospiro tossisce piange sussurra
risos ri aplausos suspira tosse chora sussurra смех смеется смеётся вздох вздыхает аплодисменты кашель кашляет
музыка шепотом шёпотом плачет пауза ضحك يضحك تضحك تصفيق تنهد يتنهد سعال موسيقى همس صمت हँसी हंसी हँसता हँसते
तालियाँ तालियां संगीत आह खांसी gülüyor gülüşmeler alkış müzik
"""
_SOUNDS = frozenset(_SOUND_WORDS.split())
_MANNER_WORDS = """
softly quietly loudly gently angrily sadly happily cheerfully excitedly nervously sarcastically slowly
dramatically mockingly sternly tearfully breathlessly angry sad happy excited surprised scared worried upset
nervous frustrated disgusted relaxed sarcastic curious confused joyful crying shouting whispering sleepy tired
calm serious cheerful
"""
_MANNERS = frozenset(_MANNER_WORDS.split())
_CJK_SOUNDS = re.compile(
    "笑|叹气|嘆氣|叹息|咳嗽|掌声|掌聲|鼓掌|音乐|音樂|音楽|哭|停顿|停頓|沉默|拍手|ため息|咳|泣|間|웃음|웃으며|웃는다|박수|"
    "한숨|기침|음악|침묵|속삭|울음"
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_TIMING = re.compile(r"\d+(?:\.\d+)? ?(?:s|ms|secs?|seconds?)|\d{1,2}(?::\d{2}){1,2}(?:[.,]\d{1,3})?", re.IGNORECASE)
_SAID = frozenset(["the", "my", "your", "our", "i", "we", "you", "it", "this", "that", "these", "those"])
_MUSICAL = frozenset(["music", "musical", "instrumental", "melody", "theme"])

_NUMBERED_SPEAKER = re.compile(
    r"(?<!\w)(?:speaker|spk|sprecher|locuteur|hablante|спикер)[ _-]?\d{1,3}\s*:", re.IGNORECASE
)
_NAME = r"(?:[^\W\d_][\w.'’-]*)(?:[ ][^\W\d_a-zа-я][\w.'’-]*){0,2}(?:[ ]\d{1,2})?"
_LINE_TAG = re.compile(
    rf"^[ \t]{{0,8}}[-–*_#>]{{0,4}}[ \t]{{0,8}}({_NAME})[ \t]{{0,4}}[*_]{{0,2}}:[*_]{{0,2}}(?=\s|[*_]|[^\x00-\x7f])",
    re.MULTILINE,
)
_OPENING_WORDS = """
dear time note notes warning caution danger attention notice question answer q a remember example examples tip
hint fact facts important reminder summary conclusion result results chapter part section scene act step title
subject re ps p.s breaking update news today tomorrow tonight yesterday first second third finally however
listen look imagine today's lesson rule problem solution reason goal verdict translation definition spoiler
quote monday tuesday wednesday thursday friday saturday sunday achtung hinweis frage antwort beispiel wichtig
nota pregunta respuesta atención ejemplo importante question réponse attention exemple domanda risposta
attenzione esempio pergunta resposta atenção exemplo вопрос ответ внимание пример
"""
_NO_NAMES = frozenset(_OPENING_WORDS.split())


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A text without its directions.

    Attributes:
        text: What is said.
        removed: What was taken out, as written, in order of its kind.
    """

    text: str
    removed: tuple[str, ...]


def spoken_words(text: str) -> Spoken:
    """Return what of a text is to be said, and what was taken out of it."""
    removed: list[str] = []
    # Of one character for one, so that what was removed is found in the text again.
    narrow = text.translate(_FULL_WIDTH)
    speech = _speech_of_scene(narrow, removed)
    every = _without_brackets(speech, is_tag=_is_tag)
    if _holds_too_much(every):
        every = _without_brackets(speech, is_tag=_names_a_sound)
    removed += every.removed
    said = _without_names(every.text, removed)
    return Spoken(text=text if said == narrow else said, removed=tuple(removed))


def transcribed_words(text: str) -> Spoken:
    """Return what of a transcript was said: without markup, and without brackets that name a sound ("[Music]")."""
    every = _without_brackets(text.translate(_FULL_WIDTH), is_tag=_names_a_sound)
    return every if every.removed else Spoken(text=text, removed=())


def _holds_too_much(spoken: Spoken) -> bool:
    """Return whether more was taken out than is left, of words that name no sound."""
    doubtful = sum(len(_words(tag)) for tag in spoken.removed if tag[0] in "[{" and not _names_a_sound(tag[1:-1]))
    left = len(_words(spoken.text))
    return left == 0 < doubtful or (doubtful > left and doubtful > 3)


def _without_brackets(text: str, *, is_tag: Callable[[str], bool]) -> Spoken:
    removed: list[str] = []
    kinds: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
        (_ANGLES, _is_markup),
        (_BRACKETS, lambda tag: is_tag(tag[1:-1])),
        (_PARENTHESES, lambda tag: _names_a_sound(tag[1:-1])),
        (_ASTERISKS, lambda tag: _names_a_sound(tag[1:-1])),
        (_NOTES, lambda tag: _names_music(tag[1:-1])),
    )

    def take(match: re.Match[str], goes: Callable[[str], bool]) -> str:
        is_glued = match[0][0] == "<" and _GLUED.match(text, match.start() - 1) is not None if match.start() else False
        if not goes(match[0]) or (is_glued and f"</{match[0][1:]}" not in match.string):
            return match[0]
        if _words(match[0]):
            removed.append(match[0])
        return " "

    for _ in range(_PASSES):
        before = text
        for pattern, goes in kinds:
            text = pattern.sub(lambda match, goes=goes: take(match, goes), text)  # type: ignore[misc]
        if text == before:
            break
    return Spoken(text=text, removed=tuple(removed))


def _is_markup(tag: str) -> bool:
    return _MARKUP.fullmatch(tag) is not None or _names_a_sound(tag[1:-1].strip("/ "))


def _is_tag(content: str) -> bool:
    """Return whether a bracket's content can be a tag: some words, not a number or a letter that stands for itself."""
    words = _words(content)
    if not words or _names_a_sound(content):
        return True
    return len(words) <= _MAX_TAG_WORDS and not (len(words) == 1 and (words[0].isdecimal() or len(words[0]) == 1))


def _names_a_sound(content: str) -> bool:
    """Return whether a few words name a sound, a pause or a manner of speaking."""
    if _CJK.search(content):
        return len(content.strip()) <= 8 and _CJK_SOUNDS.search(content) is not None
    if _TIMING.fullmatch(content.strip()):
        return True
    words = _words(content)
    if not words or len(words) > _MAX_DIRECTION_WORDS or words[0] in _SAID:
        return False
    return any(word in _SOUNDS for word in words) or (len(words) <= 2 and words[-1] in _MANNERS)


def _names_music(content: str) -> bool:
    words = _words(content)
    return len(words) <= _MAX_DIRECTION_WORDS and any(word in _MUSICAL for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\s.,;:!?…\"“”()\[\]{}<>*/|♪♫♬-]+", text.lower())


def _speech_of_scene(text: str, removed: list[str]) -> str:
    """Return what Ovi's <S> and <E> enclose, where a text has them; captions of sound go in any case."""
    text = _cut(text, "<AUDCAP>", "<ENDAUDCAP>", removed)[1]
    inside, outside = _cut(text, "<S>", "<E>", [])
    if not inside:
        return text
    if _words(outside):
        removed.append(" ".join(outside.split()))
    return "\n".join(inside)


def _cut(text: str, opening: str, closing: str, removed: list[str]) -> tuple[list[str], str]:
    """Return what two marks enclose, each time they do, and the text without it; what is cut is added to `removed`."""
    inside, outside, start = [], [], 0
    while (begin := text.find(opening, start)) >= 0:
        end = text.find(closing, begin)
        if end < 0:
            break
        inside.append(text[begin + len(opening) : end])
        outside.append(text[start:begin])
        removed.append(text[begin : end + len(closing)])
        start = end + len(closing)
    return inside, " ".join([*outside, text[start:]])


def _without_names(text: str, removed: list[str]) -> str:
    def take(match: re.Match[str]) -> str:
        removed.append(match[0].strip())
        return " "

    text = _NUMBERED_SPEAKER.sub(take, text)
    names = [match for match in _LINE_TAG.finditer(text) if _is_name(match[1])]
    lines = sum(bool(line.strip()) for line in text.splitlines())
    if len(names) < 2 and (lines != 1 or not names or not names[0][1][0].isupper()):
        return text
    return _LINE_TAG.sub(lambda match: take(match) if _is_name(match[1]) else match[0], text)


def _is_name(name: str) -> bool:
    return name.casefold().split()[0] not in _NO_NAMES
