"""The page of a run: one file that opens from disk, needs no network, and plays the clips beside their scores."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from avmeter.errors import UsageError
from avmeter.files import write_atomically
from avmeter.metrics.details import without_influences
from avmeter.metrics.index import Card, cards
from avmeter.metrics.reasons import names_by_reason
from avmeter.plain import encodable, to_json, to_jsonable
from avmeter.report.format import MARK, format_corpus, format_interval, format_number, with_arrow
from avmeter.report.payload import Payload, make_payload, script_json
from avmeter.report.plot import histogram, without_tail
from avmeter.report.thumbnails import MOST_DRAWN, add_thumbnails
from avmeter.run import EvalResults
from avmeter.run.folder import PAGE, PAGE_MARK, read_run_facts, refuse_foreign_page, run_folder
from avmeter.run.remote_folder import COPY_PREFIX
from avmeter.run.score_table import scored, skip_code, skip_reason
from avmeter.run.signature import signature

MOST_SKIPS = 500


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section added to the page: a title, and tables, heat maps or curves of `avmeter.report`.

    Attributes:
        title: Plain text.
        body: Markup; plain text is escaped.
        lead: A sentence under the title, plain text.
    """

    title: str
    body: Markup | str = ""
    lead: str = ""


def write_report(
    results: EvalResults,
    folder: str | os.PathLike[str],
    *,
    sections: Iterable[Section] = (),
    title: str | None = None,
    notes: Sequence[str] = (),
    most_drawn: int = MOST_DRAWN,
    summary: Mapping[str, Any] | None = None,
) -> Path:
    """Write `report.html` into a run folder.

    Args:
        results: The run.
        folder: Run folder; links to the clips are relative to it.
        sections: Further parts, shown after the summary.
        title: Title of the page; default is the name of the run, which is that of its folder.
        notes: Sentences shown at the top.
        most_drawn: Samples, worst first, of which frames and spectrograms are drawn; 0 for none.
        summary: That of the run, where it was made already.

    Raises:
        UsageError: The file cannot be written, or one of that name is not a run's.
    """
    place = run_folder(folder)
    refuse_foreign_page(place)
    page = render_report(
        results, place, sections=sections, title=title, notes=notes, most_drawn=most_drawn, summary=summary
    )
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(place / PAGE, encodable(page))
    except OSError as error:
        raise UsageError(f"{place / PAGE}: cannot be written ({error.strerror or error})") from error
    return place / PAGE


def render_report(
    results: EvalResults,
    folder: Path,
    *,
    sections: Iterable[Section] = (),
    title: str | None = None,
    notes: Sequence[str] = (),
    most_drawn: int = 0,
    payload: Payload | None = None,
    summary: Mapping[str, Any] | None = None,
) -> str:
    """Render the page as text; see `write_report`. A `payload` is what the script shows in place of a new one."""
    summary = results.summary() if summary is None else summary
    if payload is None:
        payload = make_payload(results, folder)
        add_thumbnails(payload, results, most=most_drawn)
    skips = list(itertools.islice(_skips(results), MOST_SKIPS))
    not_run = _not_run(results.provenance)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title or f"{name_of(folder)} – avmeter report",
            heading=title or name_of(folder),
            generator=Markup(PAGE_MARK),
            run_id=(read_run_facts(folder) or {}).get("run_id", ""),
            notes=[*notes, *map(str, results.provenance.get("notes", ()))],
            summary=summary,
            by=summary.get("by", {}),
            clusters=list(dict.fromkeys(m["clusters"] for m in summary["metrics"].values() if m["clusters"])),
            metrics=[_metric(results, n, m) for n, m in summary["metrics"].items()],
            arrows={"higher": "higher is better", "lower": "lower is better"},
            with_arrow=with_arrow,
            mark=MARK,
            facts=_facts(results),
            not_run=not_run,
            num_not_run=sum(map(len, not_run.values())),
            skips=skips,
            num_skips=sum(r.score is None for row in (*results, results.corpus) for r in row.values()),
            sections=list(sections),
            num_drawn=sum("drawn" in s for s in payload.data["samples"]),
            num_without_details=payload.num_without_details,
            num_shown=summary["num_samples"] - payload.num_left_out,
            num_left_out=payload.num_left_out,
            provenance=_provenance(results.provenance),
            data=script_json(payload.data),
            style=asset("report.css"),
            script=asset("shared.js") + asset("report.js"),
        )
    )


def name_of(folder: Path) -> str:
    """Return the name of a run: that of its folder, or of the one above where it is a copy of this moment."""
    name = folder.resolve().name
    return "run" if name.startswith(COPY_PREFIX) or not name else encodable(name)


def environment() -> jinja2.Environment:
    """Return what fills the templates: all text is escaped."""
    templates = files("avmeter.report") / "templates"
    found = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (templates / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": format_number, "interval": format_interval, "corpus": format_corpus}
    return found


def asset(name: str) -> Markup:
    """Return a style sheet or a script of the package."""
    text = (files("avmeter.report") / "templates" / name).read_text(encoding="utf-8")
    return Markup(text)


def _metric(results: EvalResults, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the summary, with the plot of its distribution where there are at least two scores."""
    scores = scored([results[i].get(name) for i in results.scored_positions])
    plot, cut = None, ""
    if len(scores) > 1:
        drawn, cut = without_tail(scores)
        unit = str(facts["unit"] or "")
        plot = histogram(drawn, title=name, unit=unit, mean=facts["mean"], interval=facts["interval"])
    corpus = facts["corpus"]
    shown = without_influences(corpus["details"]) if corpus is not None else {}
    details = to_json(without_nulls(shown), indent=2) if shown else None
    line = encodable(signature(results, name))
    drawing = {"plot": plot, "cut": cut}
    return {**facts, **drawing, "name": name, "corpus_details": details, "signature": line, "card": _card(name)}


def _card(name: str) -> Card | None:
    """Return what a metric of this package says of itself; None for any other name in a run."""
    return cards().get(name.partition("@")[0])


def without_nulls(value: Any) -> Any:
    """Return a value of JSON without the keys that stand for nothing."""
    if isinstance(value, Mapping):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list | tuple) else value


def _skips(results: EvalResults) -> Iterator[dict[str, str]]:
    """Yield what has no score, of the corpus first."""
    for sample_id, row in [("corpus", results.corpus), *zip(results.sample_ids, results, strict=True)]:
        for name, result in row.items():
            if result.score is None:
                yield {
                    "sample": encodable(sample_id),
                    "metric": name,
                    "code": str(skip_code(result)),
                    "reason": encodable(str(skip_reason(result))),
                    "hint": encodable(result.skip.hint) if result.skip is not None else "",
                }


def _facts(results: EvalResults) -> list[tuple[str, str]]:
    """Return what stands under the title: when, on what device, how."""
    p = results.provenance
    metrics = p.get("metrics", {})
    protocols = sorted({str(m.get("options", {}).get("protocol")) for m in metrics.values()} - {"None"})
    found = [
        ("made", str(p.get("created", "")).replace("T", " ").replace("+00:00", " UTC")),
        ("protocol", ", ".join(protocols)),
        ("device", str(p.get("device", ""))),
        ("precision", str(p.get("precision", ""))),
        ("avmeter", str(p.get("versions", {}).get("avmeter", ""))),
    ]
    return [(name, value) for name, value in found if value]


def _not_run(facts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return reason -> the metrics not run for it; none where a run of others says something else."""
    found = facts.get("not_run")
    return names_by_reason({str(name): str(why) for name, why in found.items()}) if isinstance(found, Mapping) else {}


def _provenance(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each fact as text; nested ones as indented JSON, the command as it was typed."""
    lines = []
    for name, value in facts.items():
        if name == "notes" or value is None or (name == "not_run" and _not_run(facts)):
            continue  # the page names them where they are read first
        if name == "command" and isinstance(value, list | tuple):
            text = shlex.join(map(str, value))
        elif isinstance(value, Mapping | list | tuple):
            text = to_json(without_nulls(value), indent=2)
        else:
            text = str(to_jsonable(value))
        lines.append((str(name).replace("_", " "), encodable(text)))
    return lines
