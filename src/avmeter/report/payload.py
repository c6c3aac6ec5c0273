"""The samples of a run as data for the page's script: scores, links to the clips, details within a budget."""

from __future__ import annotations

import heapq
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from avmeter.plain import encodable, to_jsonable
from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.run.score_table import skip_code, skip_reason
from avmeter.sample import MEDIA_FIELDS, Sample

#: Details beyond this many characters are left to results.parquet, so that the page of a large run still opens.
DETAILS_BUDGET = 12_000_000
#: Samples beyond this many are left to the tables, likewise.
MOST_SAMPLES = 5_000
_LONGEST_TEXT = 2_000
_MOST_COLUMNS = 16
_LONGEST_VALUE = 80  # characters; longer ones are texts, which are found, not filtered by
_LARGEST_NUMBER = 1e300  # an integer may be beyond every float
_TEXT_COLUMN = "language"


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What the page's script shows.

    Attributes:
        data: `metrics` (name, direction, unit, dummy), `columns` (names of what samples can be filtered by) and
            `samples` (id, texts, columns, media, gone, scores, skips, details).
        positions: Of the samples in it, in the run.
        num_without_details: Samples whose details did not fit.
        num_left_out: Scored samples that are not among them.
    """

    data: dict[str, Any]
    positions: Sequence[int]
    num_without_details: int
    num_left_out: int = 0


def make_payload(
    results: EvalResults, folder: Path, *, details_budget: int = DETAILS_BUDGET, most_samples: int = MOST_SAMPLES
) -> Payload:
    """Build the data of the scored samples, of many a choice (`choose_samples`), with links relative to `folder`."""
    scored = results.scored_positions
    place = folder.resolve()
    names = list(dict.fromkeys(n for i in scored for n in results[i]))
    positions = choose_samples(results, names, most=most_samples)
    ids = results.sample_ids
    columns = _columns([results.samples[i] for i in positions] if results.samples else [])
    samples: list[dict[str, Any]] = []
    used = num_without = 0
    for i in positions:
        row = results[i]
        sample: dict[str, Any] = {"id": encodable(ids[i]), "scores": [_score(row.get(n)) for n in names]}
        skips = {str(k): _skip(row[n]) for k, n in enumerate(names) if n in row and row[n].score is None}
        if skips:
            sample["skips"] = skips
        marked = [k for k, n in enumerate(names) if n in row and row[n].dummy]
        if marked:
            sample["dummy"] = marked
        if results.samples:
            sample |= facts_of(results.samples[i], place)
            own = {c: _shown_value(value) for c in columns if (value := _value(results.samples[i], c)) is not None}
            sample |= {"columns": own} if own else {}
        details = {str(k): to_jsonable(row[n].details) for k, n in enumerate(names) if n in row and row[n].details}
        size = len(json.dumps(details, ensure_ascii=False))
        if used + size <= details_budget:
            sample["details"] = details
            used += size
        else:
            num_without += 1
        samples.append(sample)
    metrics = [
        {
            "name": n,
            "direction": results.fact(n, "direction"),
            "unit": results.fact(n, "unit"),
            "dummy": any(results[i][n].dummy for i in scored if n in results[i]),
        }
        for n in names
    ]
    return Payload(
        data={"metrics": to_jsonable(metrics), "columns": columns, "samples": samples},
        positions=positions,
        num_without_details=num_without,
        num_left_out=len(scored) - len(positions),
    )


def worst_first(data: Mapping[str, Any]) -> list[int]:
    """Return the places of the samples of a page in the order in which it opens, as its script finds it.

    By the first metric whose better side is known and whose scores differ; the order of the run without one.
    """
    samples = data["samples"]
    for k, metric in enumerate(data["metrics"]):
        scores = [s["scores"][k] for s in samples if s["scores"][k] is not None]
        if metric["direction"] in ("higher", "lower") and scores and max(scores) > min(scores):
            sign = 1 if metric["direction"] == "higher" else -1
            own = [s["scores"][k] for s in samples]
            return sorted(range(len(samples)), key=lambda i: (own[i] is None, 0 if own[i] is None else sign * own[i]))
    return list(range(len(samples)))


def choose_samples(results: EvalResults, names: Sequence[str], *, most: int) -> list[int]:
    """Return the positions of the samples on a page, ascending: all of them up to a number.

    Of more than that: the lowest and the highest scores of each metric (half of the places), samples with a skip (a
    quarter), and samples at equal distances, which show what is usual.

    Args:
        results: The run.
        names: Metrics that have scores of samples.
        most: Number of places.
    """
    positions = results.scored_positions
    if len(positions) <= most:
        return positions
    chosen: set[int] = set()
    share = most // (4 * max(1, len(names)))
    for name in names:
        ranked = [(r.score, i) for i in positions if (r := results[i].get(name)) is not None and r.score is not None]
        chosen.update(i for pick in (heapq.nsmallest, heapq.nlargest) for _, i in pick(share, ranked))
    skipped = (i for i in positions if any(r.score is None for r in results[i].values()))
    chosen.update(itertools.islice(skipped, most // 4))
    others = [i for i in positions if i not in chosen]
    num_places = most - len(chosen)
    chosen.update(others[k * len(others) // num_places] for k in range(num_places))
    return sorted(chosen)


def script_json(value: Any) -> Markup:
    """Encode a value as JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def link_to(path: Path, folder: Path) -> str:
    """Return the quoted URL of a file, relative to `folder` (real and absolute) where both are on one drive."""
    target = os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links away from what the user named
    try:
        relative = os.path.relpath(target, folder)
    except ValueError:
        return Path(target).as_uri()
    try:
        return quote(os.fsencode(relative.replace(os.sep, "/")))
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte: no file can have that name
        return quote(encodable(relative))


def _score(result: MetricResult | None) -> float | None:
    return None if result is None else result.score


def _skip(result: MetricResult) -> list[str]:
    hint = result.skip.hint if result.skip is not None else ""
    return [encodable(str(t)) for t in (skip_code(result), skip_reason(result), hint)]


def _columns(samples: Sequence[Sample]) -> list[str]:
    """Return the extras that samples can be filtered by: short values, the same for some of them or numbers."""
    names = dict.fromkeys(n for s in samples for n in (*(k for k in s.texts if k == _TEXT_COLUMN), *s.extras))
    return [n for n in names if any(_value(s, n) is not None for s in samples)][:_MOST_COLUMNS]


def _value(sample: Sample, column: str) -> str | float | None:
    value = sample.texts.get(column) if column == _TEXT_COLUMN else sample.extras.get(column)
    if not isinstance(value, str | int | float):
        return None
    value = to_jsonable(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return value if abs(value) <= _LARGEST_NUMBER else None
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE else None


def _shown_value(value: str | float) -> str | float:
    return encodable(value) if isinstance(value, str) else value


def facts_of(sample: Sample, folder: Path) -> dict[str, Any]:
    """Return the links and texts of a sample, and the fields whose files are `gone`."""
    media, gone = {}, []
    for name in MEDIA_FIELDS:
        source = sample.media.get(name)
        if source is not None and source.path is not None:
            media[name] = link_to(source.path, folder)
            gone += [] if _is_there(source.path) else [name]
    texts = {k: encodable(str(v))[:_LONGEST_TEXT] for k, v in sample.texts.items()}
    facts = {"media": media, "gone": gone, "texts": texts}
    return {name: value for name, value in facts.items() if value}


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False
