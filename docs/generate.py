"""Generator of pages that would go stale if written by hand: one per metric, and tables inside the other pages.

python docs/generate.py           writes docs/metrics/*.md, the tables between `<!-- NAME -->` marks, and the index that
                                  lists of metrics and checkpoints read (src/avmeter/metrics/index.json)
python docs/generate.py --check   writes nothing; exit code 1 if a page is not what it would write
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from avmeter.caveats import SENTENCES, CaveatCode
from avmeter.errors import SkipCode
from avmeter.fastvideo.names import MetricName, fastvideo_names
from avmeter.features.base import get_extractor
from avmeter.metrics.backbones import BACKBONES, Backbone
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.metrics.checkpoint_uses import metrics_by_checkpoint
from avmeter.metrics.judged import JudgedMetric
from avmeter.metrics.requirements import Requirements, optional_fields, requirements_of
from avmeter.presets import Preset, load_preset, preset_names
from avmeter.registry import METRICS, list_metrics
from avmeter.runtime import environment
from avmeter.text.normalise import NORMALISERS
from avmeter.weights import catalog

FOLDER = Path(__file__).parent
INDEX = FOLDER.parent / "src" / "avmeter" / "metrics" / "index.json"
NOTICE = "<!-- Made by docs/generate.py out of docstrings; changes here are lost. -->"
BETTER = MappingProxyType({"higher": "higher is better", "lower": "lower is better", "none": "neither is better"})
# Parts of a metric's docstring that have a heading of their own.
HEADINGS = MappingProxyType({"A good value": "A good value", "Not seen": "What it does not see", "Source": "Sources"})
# Sample field -> what a user has to have, in words.
AT_HAND = MappingProxyType(
    {
        "audio": "sound",
        "video": "video",
        "reference_audio": "reference sound",
        "reference_text": "texts",
        "text_prompt": "prompts",
    }
)
_PART = re.compile(r"^(A good value|Not seen|Sources?): ", re.MULTILINE)
_MARKED = re.compile(r"(<!-- (?P<name>[a-z-]+) -->\n)(?:(?!<!-- ).)*(<!-- end -->)", re.DOTALL)

SKIPS: Mapping[SkipCode, str] = MappingProxyType(
    {
        SkipCode.MISSING_INPUT: "the sample has no such field; the hint names it",
        SkipCode.MISSING_FILE: "there is no file of that name",
        SkipCode.NOT_A_FILE: "the path is a folder, or something that cannot be read",
        SkipCode.UNREADABLE: "the file is no media file, or may not be read",
        SkipCode.DECODE_ERROR: "the file began well and broke off or is damaged",
        SkipCode.EMPTY_FILE: "the file has no bytes",
        SkipCode.NO_AUDIO_TRACK: "the file has no audio track",
        SkipCode.NO_VIDEO_TRACK: "the file has no video track",
        SkipCode.NO_DECODER: "the file has such a track in a codec that cannot be decoded here",
        SkipCode.EMPTY_AUDIO: "the audio track has no samples",
        SkipCode.TOO_SHORT: "the clip is shorter than the metric needs; the reason has both lengths",
        SkipCode.SILENT: "the sound is digital silence, where that has no score",
        SkipCode.PHASE_CANCELLED: "the channels cancel each other in mono",
        SkipCode.NON_FINITE: "samples or features hold NaN or infinity",
        SkipCode.STILL_PICTURE: "nothing moves in the video, where that has no score",
        SkipCode.NO_FRAME_RATE: "frames were passed without `fps` to what measures time",
        SkipCode.FRAME_RATE_MISMATCH: "a video and its reference have different frame rates; the reason has both",
        SkipCode.FRAME_SIZE_MISMATCH: "the frames of a video and its reference differ in size; the reason has both",
        SkipCode.SOUND_FORMAT_MISMATCH: "sound and its reference differ in rate or channels; the reason has both",
        SkipCode.LENGTH_MISMATCH: "sound and its reference differ in length; the reason has both",
        SkipCode.NO_EVENTS: "neither onsets in the sound nor motion in the video, or none in common",
        SkipCode.NO_SPEECH: "nobody speaks in the clip",
        SkipCode.NO_FACE: "no face is seen long and large enough",
        SkipCode.EMPTY_TEXT: "the text has no words to compare with",
        SkipCode.UNSUPPORTED: "the input is understood but not supported",
        SkipCode.OVER_LIMIT: "the clip says, or unfolds to, more than [a limit](#limits) allows",
        SkipCode.NO_SPACE: "decoded media did not fit into the temporary folder, which the reason names",
        SkipCode.TOO_FEW_SAMPLES: "a corpus metric had too few clips",
        SkipCode.WEIGHTS_UNAVAILABLE: "a checkpoint is absent or another one than the catalog's",
        SkipCode.DEPENDENCY_MISSING: "an optional package is not installed, or no endpoint of a judge is named",
        SkipCode.OUT_OF_MEMORY: "one window alone does not fit into memory",
        SkipCode.DECODE_TIMEOUT: "nothing came out of decoding the file for `decode_timeout_s` seconds and more",
        SkipCode.WORKER_DIED: "the process that had the clip died, more than once",
        SkipCode.CHANGED_WHILE_READING: "the file was replaced or written to while it was read",
        SkipCode.FETCH_FAILED: "the server or storage failed, stalled or broke off, every time it was asked",
        SkipCode.REFUSED_HOST: "the URL leads, or redirects, to a private or local address",
        SkipCode.OFFLINE: "a URL or a judge, while `AVMETER_OFFLINE` or `HF_HUB_OFFLINE` forbids the network",
        SkipCode.UNUSABLE_ANSWER: "what a judge answered is not what was asked for; the reason has the beginning of it",
        SkipCode.INTERRUPTED: "the run was ended (Ctrl-C, SIGTERM) before this was computed",
        SkipCode.FAILED: "an error nobody foresaw; the reason has it, please report it",
    }
)


@dataclass(frozen=True, kw_only=True)
class Doc:
    """A metric's docstring, cut where its parts begin."""

    question: str
    body: str
    parts: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> Doc:
        """Cut a module's docstring; `parts` maps "A good value", "Not seen" and "Source" to their text."""
        question, _, rest = text.strip().partition("\n")
        pieces = _PART.split(rest)
        parts = {name.removesuffix("s") if name == "Sources" else name: text.strip()
                 for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}  # fmt: skip
        return cls(question=question, body=pieces[0].strip("\n"), parts=parts)


def metric_page(name: str) -> str:
    """Build the page of a metric."""
    cls = METRICS.get(name)
    metric: Metric = cls()
    doc = Doc.of(inspect.getmodule(cls).__doc__ or "")
    blocks = [f"# `{name}`", NOTICE, doc.question, doc.body]
    blocks += [f"## {title}\n\n{_sentence(doc.parts[part])}" for part, title in HEADINGS.items() if part != "Source"]
    blocks += ["## Facts", _facts(metric), "## Options", _options(cls)]
    blocks += ["## Try it", f"    avmeter score gen/{_flags(metric)} --metrics {name} --out run/"]
    blocks += [f"## {HEADINGS['Source']}\n\n{_one_line(doc.parts['Source'])}"]
    return "\n\n".join(b for b in blocks if b) + "\n"


def index_page() -> str:
    """Build the list of all metrics."""
    rows = []
    for name in list_metrics():
        cls = METRICS.get(name)
        rows.append([f"[`{name}`]({page_name(name)})", _kind(cls()), cls.direction, _question(name)])
    return f"# Metrics\n\n{NOTICE}\n\n{table(['metric', 'of', 'better', 'asks'], rows)}\n"


def page_name(metric: str) -> str:
    """Return the file name of a metric's page."""
    return f"{metric}.md"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Build a Markdown table; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *([c.replace("|", "\\|") for c in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def licence_table() -> str:
    """Build the table of checkpoints of the catalog."""
    rows = []
    uses = metrics_by_checkpoint()
    for name, entry in catalog().items():
        known = sum(f.size_bytes or 0 for f in entry.files)
        size = f"{known / 1e6:,.0f} MB" if known and all(f.size_bytes for f in entry.files[:1]) else "not known"
        package = entry.file().package
        shipped = package.distribution if package else ""
        used_for = ", ".join(f"`{m}`" for m in uses[name]) or "no metric yet"
        rows.append([f"`{name}`", size, entry.weights_licence, entry.code_licence, used_for, shipped])
    return table(["checkpoint", "size", "weights", "code", "for", "shipped by package"], rows)


def skip_table() -> str:
    """Build the table of codes of skips.

    Raises:
        KeyError: A code has no explanation here.
    """
    return table(["code", "means"], [[f"`{code}`", SKIPS[code]] for code in SkipCode])


def caveat_table() -> str:
    """Build the table of caveats: codes and the sentences that stand beside numbers."""
    own_words = {
        CaveatCode.CLIPS_LEFT_OUT: "how many of how many, and why",
        CaveatCode.TEXT_NOT_NORMALISED: "what was left undone",
    }
    return table(["code", "says"], [[f"`{code}`", own_words.get(code, SENTENCES[code])] for code in CaveatCode])


def variable_table() -> str:
    """Return the table of environment variables, from the module that reads them."""
    lines = (environment.__doc__ or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


def normaliser_table() -> str:
    """Build the table of text normalisers of `audio.wer`."""
    return table(["normaliser", "what it does"], [[f"`{n.name}`", n.summary] for n in NORMALISERS.values()])


def question_table() -> str:
    """Every metric by its question, with a link to its page and what has to be at hand."""
    rows = []
    for name in list_metrics():
        metric: Metric = METRICS.get(name)()
        link = f"[`{name}`](metrics/{page_name(name)})"
        rows.append([_question(name), link, _kind(metric), _needed_fields(metric, AT_HAND)])
    return table(["question", "metric", "of", "needs"], rows)


def _what_is_here(metric: MetricName) -> str:
    """The name that it has here, and the labels under which alone numbers stand."""
    kind = METRICS.get(metric.here)
    obstacle = None if issubclass(kind, JudgedMetric) else kind().obstacle()
    labels = ("judge",) if issubclass(kind, JudgedMetric) else obstacle.labels if obstacle else ()
    name = f"`{metric.here}`" if metric.here != metric.name else ""
    if labels:
        return f"{name or 'a skip'}; {', '.join(f'`@{label}`' for label in labels)}"
    return name or "yes"


def fastvideo_table() -> str:
    """FastVideo's metrics: whether avmeter has them, and what the others would need."""
    here = METRICS.builtin()
    rows = [
        [
            f"[`{n}`](metrics/{page_name(m.here)})" if m.here in here else f"`{n}`",
            _what_is_here(m) if m.here in here else "not yet",
            m.inputs,
            m.needs,
            f"`{m.instead.split()[0]}`" if m.instead else "",
        ]
        for n, m in fastvideo_names().items()
    ]
    return table(["metric", "here", "reads", "stands on", "near it"], rows)


def backbone_table() -> str:
    """Every backbone: the size of its embeddings, and its classes."""
    rows = [[f"[`{n}`](backbones.md#{n})", str(b.dim), str(b.classes or "none")] for n, b in BACKBONES.items()]
    return table(["backbone", "dimensions", "classes"], rows)


def backbone_cards() -> str:
    """Build a section for every backbone: what it reads, how large it is, its licence, and what is known of it."""
    return "\n\n".join(_backbone_card(name, backbone) for name, backbone in BACKBONES.items())


def _backbone_card(name: str, backbone: Backbone) -> str:
    entry = catalog()[get_extractor(backbone.extractor, **backbone.options).weights()[0]]
    rows = [
        ["reads", backbone.reads],
        ["embedding, classes", f"{backbone.dim}, {backbone.classes or 'none'}"],
        ["checkpoint", f"`{entry.name}`: {entry.title}"],
        ["licence", f"code {entry.code_licence}, weights {entry.weights_licence}"],
        ["package with the weights", next((f"`{f.package.distribution}`" for f in entry.files if f.package), "none")],
        ["trained on, and what follows", backbone.bias],
    ]
    return f"## {name}\n\n{table(['', ''], rows)}"


def preset_sections() -> str:
    """Build a section for every preset: its columns, what differs from its source, and published rows."""
    return "\n\n".join(_preset_section(load_preset(name)) for name in preset_names())


def _preset_section(preset: Preset) -> str:
    columns = []
    for column in preset.metrics:
        options = ", ".join(f"{k}={v}" for k, v in column.options.items())
        columns.append([column.column, f"`{column.name}`", options, "" if column.scale == 1 else str(column.scale)])
    facts = (
        f"{preset.title}. Source: {preset.source}. Protocol `{preset.protocol}`. Clips of the source: {preset.clips}."
    )
    blocks = [f"## {preset.name}", facts, table(["column", "metric", "options", "times"], columns)]
    if preset.videos_from_references:
        blocks.append("Sound without a video is scored with the video of its reference.")
    if preset.deviations:
        blocks.append("Differs from the source:\n\n" + "\n".join(f"- {sentence}" for sentence in preset.deviations))
    if preset.rows:
        names = [c.column for c in preset.metrics if any(c.column in row.values for row in preset.rows)]
        rows = [
            [r.system, *(f"{r.values[n]:g}" if n in r.values else "" for n in names), r.source] for r in preset.rows
        ]
        blocks.append("Published:\n\n" + table(["system", *names, "source"], rows))
    return "\n\n".join(blocks)


TABLES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "backbone-cards": backbone_cards,
        "backbones": backbone_table,
        "caveats": caveat_table,
        "fastvideo-names": fastvideo_table,
        "licences": licence_table,
        "normalisers": normaliser_table,
        "presets": preset_sections,
        "questions": question_table,
        "skips": skip_table,
        "variables": variable_table,
    }
)


def filled(text: str) -> str:
    """Return a page with its tables renewed: what stands between `<!-- NAME -->` and `<!-- end -->`."""
    return _MARKED.sub(lambda m: f"{m[1]}{TABLES[m['name']]()}\n{m[3]}", text)


def index_json() -> str:
    """Return what lists say of the metrics of this package, and what checkpoints are for; see `metrics/index.py`."""
    content = {
        "metrics": {name: _card(METRICS.get(name)()) for name in sorted(METRICS.builtin())},
        "checkpoints": metrics_by_checkpoint(),
    }
    return json.dumps(content, indent=1) + "\n"


def _card(metric: Metric) -> dict[str, Any]:
    needed, obstacle = requirements_of(metric), metric.obstacle()
    doc = Doc.of(inspect.getmodule(type(metric)).__doc__ or "")
    return {
        "question": _question(metric.name),
        "good_value": _sentence(_one_line(doc.parts["A good value"])),
        "not_seen": _sentence(_one_line(doc.parts["Not seen"])),
        "direction": metric.direction,
        "kind": "corpus" if isinstance(metric, CorpusMetric) and not metric.per_sample else "sample",
        "fields": sorted(needed.fields),
        "optional_fields": sorted(optional_fields(metric)),
        "checkpoints": list(needed.required.checkpoints),
        "optional_checkpoints": [e for e in needed.optional.checkpoints if e not in needed.required.checkpoints],
        "packages": list(needed.packages),
        "obstacle": "" if metric.variables or obstacle is None else obstacle.sentence,
        "variables": list(metric.variables),
    }


def pages() -> dict[Path, str]:
    """Return path -> content of everything that this program writes."""
    made = {FOLDER / "metrics" / page_name(n): metric_page(n) for n in list_metrics()}
    made[FOLDER / "metrics" / "README.md"] = index_page()
    made[INDEX] = index_json()
    for path in [FOLDER.parent / "README.md", *sorted(FOLDER.glob("*.md"))]:
        made[path] = filled(path.read_text(encoding="utf-8"))
    return made


def outdated() -> list[Path]:
    """Return pages that are absent, differ from what would be written, or belong to no metric."""
    made = pages()
    wrong = [p for p, content in made.items() if not p.is_file() or p.read_text(encoding="utf-8") != content]
    return wrong + [p for p in sorted((FOLDER / "metrics").glob("*.md")) if p not in made]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _question(name: str) -> str:
    question = Doc.of(inspect.getmodule(METRICS.get(name)).__doc__ or "").question
    return _sentence(question.partition(": ")[2] or question)


def _needed_fields(metric: Metric, words: Mapping[str, str]) -> str:
    """List sample fields that a metric reads, under other words where there are any; in brackets the optional ones."""
    needed, spared = requirements_of(metric), optional_fields(metric)
    return ", ".join(f"({words.get(f, f)})" if f in spared else words.get(f, f) for f in needed.fields)


def _sentence(text: str) -> str:
    line = _one_line(text)
    return line[:1].upper() + line[1:]


def _kind(metric: Metric) -> str:
    if not isinstance(metric, CorpusMetric):
        return "clip"
    return "clip and corpus" if metric.per_sample else "corpus"


def _range(metric: Metric) -> str:
    low, high = ("" if v is None else f"{v:g}" for v in metric.range)
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else "any number"


def _facts(metric: Metric) -> str:
    needed = requirements_of(metric)
    rows = [
        ["of", _kind(metric)],
        ["direction", BETTER[metric.direction]],
        ["unit", metric.unit or "none"],
        ["range", _range(metric)],
        ["reads", ", ".join(_fields(metric, needed))],
        ["features", ", ".join(f"`{x}`" for x in dict.fromkeys(x.name for x in needed.extractors))],
        ["checkpoints", ", ".join(_checkpoints(needed)) or "none"],
        ["extra packages", ", ".join(f"`pip install 'avmeter[{e}]'`" for e in needed.extras) or "none"],
    ]
    return table(["", ""], rows)


def _fields(metric: Metric, needed: Requirements) -> list[str]:
    spared = optional_fields(metric)
    words = {f: "optional" if f in spared else "of either role" for f in needed.optional.fields}
    return [*(f"`{f}`" for f in needed.required.fields), *(f"`{f}` ({word})" for f, word in words.items())]


def _checkpoints(needed: Requirements) -> list[str]:
    required = set(needed.required.checkpoints)
    return [f"`{e}` ({catalog()[e].weights_licence}{'' if e in required else ', optional'})"
            for e in needed.checkpoints]  # fmt: skip


def _options(cls: type[Metric]) -> str:
    meanings, choices = option_meanings(cls), cls.choices()
    rows = []
    for name, parameter in inspect.signature(cls).parameters.items():
        values = f" One of {', '.join(f'`{v}`' for v in choices[name])}." if name in choices else ""
        rows.append([f"`{name}`", f"`{parameter.default!r}`", meanings.get(name, "") + values])
    return table(["option", "default", "meaning"], rows)


def option_meanings(cls: type[Any]) -> dict[str, str]:
    """Return option -> meaning from the docstrings of a class and, where it says nothing, of its parents."""
    meanings: dict[str, str] = {}
    for parent in reversed(cls.__mro__):
        arguments = inspect.cleandoc(parent.__doc__ or "").partition("Args:\n")[2].partition("\n\n")[0]
        for found in re.finditer(r"^(\w+): (.*(?:\n[ ]+.*)*)", inspect.cleandoc(arguments), re.MULTILINE):
            meanings[found[1]] = _one_line(found[2])
    return meanings


def _flags(metric: Metric) -> str:
    fields = set(requirements_of(metric).fields)
    flags = " --reference ref/" if fields & {"reference", "reference_audio"} else ""
    return flags + (" --prompts prompts.csv" if fields & {"text_prompt", "reference_text"} else "")


def main() -> int:
    """Write, or check, all pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        wrong = outdated()
        sys.stderr.writelines(f"not current: {p} (run `make docs`)\n" for p in wrong)
        return int(bool(wrong))
    made = pages()
    for path in (FOLDER / "metrics").glob("*.md"):
        if path not in made:
            path.unlink()
    for path, content in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
