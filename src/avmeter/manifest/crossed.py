"""Partners and texts that bear the name of another clip."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
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
    files, ids = [], []
    for sample in samples:
        path = path_of(sample)
        if path is not None and "id" in sample:
            files.append(_file(path))
            ids.append(_file(str(sample["id"])))
    counts = Counter(f.key for f in files)
    unique = [i for i, f in enumerate(files) if counts[f.key] == 1]
    return crossed_partners([files[i] for i in unique], [ids[i] for i in unique])


def _file(path: str) -> MediaFile:
    return MediaFile(path=Path(path), name=PurePosixPath(path).name)


def crossed_texts(names: Sequence[str], texts: Sequence[Any]) -> list[str]:
    """Return clips whose text mentions the name of another clip instead of its own, where that is no accident.

    It is none if the mentions close a circle (the text of a names b, that of b names a), or if more texts name another
    clip than their own. Names of digits alone are not looked for.
    """
    words = [tuple(_words(without_extension(name).rsplit("/", 1)[-1])) for name in names]
    owners = {w: i for i, w in enumerate(words) if w and not all(part.isdecimal() for part in w)}
    mentions = [_mentioned(text, owners) for text in texts]
    others = {i: next(iter(m)) for i, m in enumerate(mentions) if len(m) == 1 and i not in m and words[i] in owners}
    num_own = sum(i in m for i, m in enumerate(mentions))
    flagged = others if len(others) > max(1, num_own) else {i: j for i, j in others.items() if _is_in_circle(i, others)}
    return [f"{names[i]} has the text of {names[j]} ({texts[i]!r:.{_SHOWN}})" for i, j in flagged.items()]


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())


def _mentioned(text: Any, owners: dict[tuple[str, ...], int]) -> set[int]:
    if not isinstance(text, str):
        return set()
    found = _words(text)
    spans = (tuple(found[i : i + n]) for n in range(1, _NUM_WORDS + 1) for i in range(len(found) - n + 1))
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
