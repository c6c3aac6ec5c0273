"""Which caveats stand beside the scores of a run: read off the details of its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from avmeter.caveats import SENTENCES, Caveat, CaveatCode
from avmeter.metrics.backbones import DEFAULT_BACKBONE
from avmeter.registry import METRICS
from avmeter.result import MetricResult
from avmeter.run.score_table import ScoreTable, record_of

Details = Mapping[str, Any]

_CODES = frozenset(map(str, CaveatCode))
_OF_CLIPS: Mapping[CaveatCode, Callable[[Details], bool]] = MappingProxyType(
    {
        CaveatCode.LOOPING_TRANSCRIPT: lambda d: bool(d.get("loop_suspected")),
        CaveatCode.WORDS_OF_THE_PROMPT: lambda d: d.get("reference_source") == "text_prompt",
        CaveatCode.STAGE_DIRECTIONS: lambda d: bool(d.get("stage_directions")),
        CaveatCode.ASSUMED_LANGUAGE: lambda d: bool(d.get("assumed_language")),
        CaveatCode.TEXT_NOT_NORMALISED: lambda d: bool(d.get("caveats")),
        CaveatCode.PROMPT_CUT_OFF: lambda d: bool(d.get("truncated")),
        CaveatCode.PARTLY_READ: lambda d: bool(d.get("partly_read") or d.get("num_windows_left_out")),
        CaveatCode.SILENCE_READ: lambda d: "silence_read" in d,
        CaveatCode.UNEQUAL_LENGTHS: lambda d: d.get("num_video_segments") != d.get("num_audio_segments"),
        CaveatCode.DURATION_MISMATCH: lambda d: "header_mismatch" in d,
        CaveatCode.SAME_AS_REFERENCE: lambda d: "question" in d,
    }
)
"""Which details of a clip's result say that a caveat concerns it."""


def clip_caveats(result: MetricResult) -> list[CaveatCode]:
    """Return the caveats of one clip's score; a score that is absent has none but its skip."""
    if result.score is None:
        return []
    marks = [CaveatCode.STAND_IN_WEIGHTS] if result.dummy else []
    return marks + [code for code, concerns in _OF_CLIPS.items() if concerns(result.details)]


def csv_caveats(results: ScoreTable) -> list[str]:
    """Return "metric: code" of each row of a run, for its table; stand-in weights are marked in the header there."""
    return [
        "; ".join(
            f"{name}: {code}"
            for name, result in row.items()
            for code in clip_caveats(result)
            if code is not CaveatCode.STAND_IN_WEIGHTS
        )
        for row in results
    ]


def metric_caveats(
    results: ScoreTable, metric: str, positions: Sequence[int], *, corpus_scores: Mapping[str, Details] | None = None
) -> list[Caveat]:
    """Return the caveats of a metric over the samples at these positions; what was left out is not among them.

    Args:
        results: The run.
        metric: Name.
        positions: Of the samples.
        corpus_scores: Metric -> record (`record_of`) of the corpus score over these samples; default is the run's.
    """
    column = [r for i in positions if (r := results[i].get(metric)) is not None and r.score is not None]
    counts = Counter(code for result in column for code in clip_caveats(result))
    whole = results.corpus.get(metric)
    corpus = corpus_scores.get(metric) if corpus_scores is not None else record_of(whole) if whole else None
    is_dummy = any(r.dummy for r in column) or (corpus is not None and corpus["dummy"])
    found = [Caveat.of(CaveatCode.STAND_IN_WEIGHTS)] if is_dummy else []
    found += _backbone(results, metric)
    if corpus is not None and corpus["score"] is not None:
        found += _of_corpus(corpus["details"])
    sentences = _texts(column)
    for code in _OF_CLIPS:
        if counts[code]:
            sentence = sentences if code is CaveatCode.TEXT_NOT_NORMALISED else SENTENCES[code]
            found.append(Caveat(code=code, sentence=sentence, num_clips=counts[code], num_results=len(column)))
    return found


def _backbone(results: ScoreTable, metric: str) -> list[Caveat]:
    options = results.fact(metric, "options")
    backbone = options.get("backbone") if isinstance(options, Mapping) else None
    default = _default_backbone(metric.partition("@")[0])
    if not isinstance(backbone, str) or backbone == default:
        return []
    return [Caveat.of(CaveatCode.OTHER_BACKBONE, backbone=backbone, default=default)]


def _default_backbone(metric: str) -> str:
    """Return the backbone of a metric's own name, which stands first among its choices; of others that of sound."""
    choices = METRICS.get(metric).choices() if metric in METRICS.builtin() else {}
    return next(iter(choices.get("backbone", ())), DEFAULT_BACKBONE)


def _of_corpus(details: Details) -> list[Caveat]:
    """Return what a corpus score says of itself, by code where it gives one."""
    found = [
        Caveat(code=CaveatCode(record["code"]), sentence=str(record["sentence"]))
        for record in _listed(details.get("caveats"))
        if isinstance(record, Mapping) and record.get("code") in _CODES
    ]
    unread = details.get("unread")
    unread = unread if isinstance(unread, Mapping) else {}
    for code, key in ((CaveatCode.PARTLY_READ, "partly_read"), (CaveatCode.DURATION_MISMATCH, "header_mismatch")):
        if unread.get(key):
            counted = {"num_clips": unread[key], "num_results": details.get("n_used")}
            found.append(Caveat(code=code, sentence=SENTENCES[code], **counted))
    if isinstance(details.get("expected_bias"), float):
        found.append(Caveat.of(CaveatCode.EXPECTED_BIAS, bias=details["expected_bias"]))
    if details.get("num_truncated_prompts"):
        found.append(Caveat.of(CaveatCode.PROMPTS_CUT_OFF, num_prompts=details["num_truncated_prompts"]))
    return found


def _texts(column: Sequence[MetricResult]) -> str:
    """Return what normalisers left undone, each sentence once."""
    every = [str(text) for r in column for text in _listed(r.details.get("caveats"))]
    return "; ".join(dict.fromkeys(every))


def _listed(value: Any) -> Sequence[Any]:
    """Return a detail as the list that it is; what else a metric calls by this name says nothing here."""
    return value if isinstance(value, list | tuple) else ()
