"""The page of two runs: what changed by more than chance, and the clips that got worse first, with both players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avmeter.errors import UsageError
from avmeter.files import write_atomically
from avmeter.plain import encodable, to_jsonable
from avmeter.report.drawing import Job, Kind, draw
from avmeter.report.format import MARK, with_arrow
from avmeter.report.html import asset, environment
from avmeter.report.payload import facts_of, script_json
from avmeter.report.thumbnails import MOST_BYTES, WITHIN_S, kind_of
from avmeter.run import Comparison, EvalResults
from avmeter.run.run_pair import RunPair

MOST_PAIRS = 5_000
MOST_DRAWN_PAIRS = 30
_WORDS = ("diff", "char_level", "transcription")


def write_comparison(
    comparisons: Sequence[Comparison], a: EvalResults, b: EvalResults, out: Path, *, most_drawn: int = MOST_DRAWN_PAIRS
) -> Path:
    """Write the page of a comparison.

    Args:
        comparisons: What `compare` found, at least one.
        a: The baseline.
        b: The candidate.
        out: File to write; links to clips are relative to its folder.
        most_drawn: Pairs, those that got worse first, whose frames and spectrograms are drawn.

    Raises:
        UsageError: The file cannot be written.
    """
    names = (comparisons[0].run_a, comparisons[0].run_b)
    titles = tuple(encodable(n) for n in names) if names[0] != names[1] else (f"{names[0]} (A)", f"{names[1]} (B)")
    pairs = RunPair.of(a, b, cluster="id", names=names)
    data, positions = _pairs(comparisons, pairs, out.resolve().parent)
    order = _worse_first(data)
    _draw(data, positions, (a, b), order[:most_drawn])
    page = (
        environment()
        .get_template("compare.html.j2")
        .render(
            title=f"{titles[0]} against {titles[1]} – avmeter compare",
            names=titles,
            comparisons=comparisons,
            num_pairs=len(data["samples"]),
            is_dummy=any(c.dummy for c in comparisons),
            mark=MARK,
            with_arrow=with_arrow,
            data=script_json({**data, "names": titles}),
            style=asset("report.css"),
            script=asset("shared.js") + asset("compare.js"),
        )
    )
    return write_page(page, out)


def write_page(page: str, out: Path) -> Path:
    """Write a page as a file, with the folders above it.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, encodable(page))
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    return out


def _pairs(
    comparisons: Sequence[Comparison], pairs: RunPair, folder: Path
) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Return the paired samples as data of the script, and their positions in both runs."""
    place_a, place_b = (dict(zip(r.sample_ids, range(len(r)), strict=True)) for r in (pairs.a, pairs.b))
    by_a = {own: other for other, own in pairs.partners.items()}
    names = [c.metric for c in comparisons if c.num_paired]
    samples, positions = [], []
    for own in [i for i in place_a if i in by_a][:MOST_PAIRS]:
        both = (place_a[own], place_b[by_a[own]])
        sides = [_side(run, i, names, folder) for run, i in zip((pairs.a, pairs.b), both, strict=True)]
        samples.append({"id": encodable(own), "sides": sides})
        positions.append(both)
    metrics = [{"name": c.metric, "direction": c.direction, "verdict": c.verdict} for c in comparisons if c.num_paired]
    return {"metrics": to_jsonable(metrics), "samples": samples}, positions


def _side(run: EvalResults, position: int, names: Sequence[str], folder: Path) -> dict[str, Any]:
    row = run[position]
    facts = facts_of(run.samples[position], folder) if run.samples else {}
    words = {
        str(k): to_jsonable({w: row[n].details[w] for w in _WORDS if w in row[n].details})
        for k, n in enumerate(names)
        if n in row and any(w in row[n].details for w in _WORDS)
    }
    scores = [row[n].score if n in row else None for n in names]
    return {**facts, "scores": scores, **({"details": words} if words else {})}


def _worse_first(data: Mapping[str, Any]) -> list[int]:
    """Return the places of samples as the page opens: the metric that got worse, or else the first with a direction."""
    metrics = data["metrics"]
    directed = [k for k, m in enumerate(metrics) if m["direction"] in ("higher", "lower")]
    worse = [k for k in directed if metrics[k]["verdict"] == "worse"]
    chosen = next(iter([*worse, *directed, *range(len(metrics))]), None)
    if chosen is None:
        return list(range(len(data["samples"])))
    sign = -1.0 if metrics[chosen]["direction"] == "higher" else 1.0

    def loss(place: int) -> float | None:
        x, y = (side["scores"][chosen] for side in data["samples"][place]["sides"])
        return None if x is None or y is None else sign * (y - x)

    losses = [loss(i) for i in range(len(data["samples"]))]
    return sorted(range(len(losses)), key=lambda i: (losses[i] is None, -(losses[i] or 0.0)))


def _draw(
    data: Mapping[str, Any],
    positions: Sequence[tuple[int, int]],
    runs: tuple[EvalResults, EvalResults],
    places: Sequence[int],
) -> None:
    jobs: list[tuple[dict[str, Any], str, Job]] = []
    for place in places:
        for side, run, position in zip(data["samples"][place]["sides"], runs, positions[place], strict=True):
            for field in side.get("media", {}):
                path = run.samples[position].media[field].path
                if path is not None and field not in side.get("gone", ()):
                    kind: Kind = kind_of(field)
                    jobs.append((side, field, Job(path=str(path), kind=kind)))
    made = draw([job for *_, job in jobs], within_s=WITHIN_S, most_bytes=MOST_BYTES)
    for (side, field, _), answer in zip(jobs, made, strict=True):
        if answer:
            side.setdefault("drawn", {})[field] = dict(answer)
