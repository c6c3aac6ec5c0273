"""Partners and texts that bear the name of another clip."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from avmeter.manifest.folders import MediaFile
from avmeter.manifest.names import path_of
from avmeter.media.extensions import without_extension

_WORDS = re.compile(r"[^\W_]+")
_NUM_WORDS = 8  # of the longest name that is looked for in a text
_SHOWN = 40


def crossed_partners(generated: Sequence[MediaFile], partners: Sequence[MediaFile | None]) -> list[str]:
    """Return pairs made by position whose names say otherwise: the partner has another name, and the clip's own name is
    among the partners. Empty if the names say nothing.
    """
    names = Counter(p.key for p in partners if p is not None)
    return [
        f"{clip.name} with {partner.name}"
        for clip, partner in zip(generated, partners, strict=True)
        if partner is not None and partner.key != clip.key and names[clip.key] == 1
    ]


def crossed_ids(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return rows of a table whose id is the name of another row's file, and whose file is named by another id.

    A name that several files have, as in folders of several models, says nothing.
    """
    paths = [(path, str(s["id"])) for s in samples if (path := path_of(s)) is not None and "id" in s]
    named = [(_last_name(path), _last_name(name)) for path, name in paths]
    keys = [(without_extension(file), without_extension(name)) for file, name in named]
    num_files = Counter(file for file, _ in keys)
    unique = [i for i, (file, _) in enumerate(keys) if num_files[file] == 1]
    num_ids = Counter(keys[i][1] for i in unique)
    crossed = (i for i in unique if keys[i][0] != keys[i][1] and num_ids[keys[i][0]] == 1)
    return [f"{named[i][0]} with {named[i][1]}" for i in crossed]


def _last_name(path: str) -> str:
    name = path.rpartition("/")[2]
    return name if name not in ("", ".") else PurePosixPath(path).name


def crossed_texts(names: Sequence[str], texts: Sequence[Any]) -> list[str]:
    """Return clips whose text mentions the name of another clip instead of its own, where that is no accident.

    It is none if the mentions close a circle (the text of a names b, that of b names a), or if more texts name another
    clip than their own. Names of digits alone are not looked for; one that different texts mention is a word like any
    other, such as the article beside clips called a, b and c.
    """
    words = [tuple(_words(without_extension(name).rsplit("/", 1)[-1])) for name in names]
    owners = {w: i for i, w in enumerate(words) if w and not all(part.isdecimal() for part in w)}
    begins = {w[0] for w in owners}
    mentions = [_mentioned(text, owners, begins) for text in texts]
    of_text = {text: found for text, found in zip(texts, mentions, strict=True) if found}
    num_texts = Counter(i for found in of_text.values() for i in found)
    mentions = [{i for i in found if num_texts[i] == 1} for found in mentions]
    others = {i: next(iter(m)) for i, m in enumerate(mentions) if len(m) == 1 and i not in m and words[i] in owners}
    num_own = sum(i in m for i, m in enumerate(mentions))
    flagged = others if len(others) > max(1, num_own) else {i: j for i, j in others.items() if _is_in_circle(i, others)}
    return [f"{names[i]} has the text of {names[j]} ({texts[i]!r:.{_SHOWN}})" for i, j in flagged.items()]


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())


def _mentioned(text: Any, owners: dict[tuple[str, ...], int], begins: set[str]) -> set[int]:
    """Return the owners of the names in a text, of which `begins` are the first words."""
    if not isinstance(text, str):
        return set()
    found = _words(text)
    starts = [i for i, word in enumerate(found) if word in begins]
    spans = (tuple(found[i : i + n]) for i in starts for n in range(1, min(_NUM_WORDS, len(found) - i) + 1))
    return {owners[span] for span in spans if span in owners}


def _is_in_circle(start: int, others: dict[int, int]) -> bool:
    seen: set[int] = set()
    place = start
    while place in others and place not in seen:
        seen.add(place)
        place = others[place]
        if place == start:
            return True
    return False
