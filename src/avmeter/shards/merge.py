"""Shards merged to the run that one process would have written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avmeter.engine.config import EvaluatorConfig
from avmeter.engine.executors.corpus import CorpusState, finish_states, merge_states, start_states
from avmeter.engine.states import decode_states
from avmeter.errors import UsageError
from avmeter.evaluator import doubts_about
from avmeter.metrics.base import CorpusMetric, Metric
from avmeter.plain import to_jsonable
from avmeter.run import EvalResults, Grouping, read_run
from avmeter.run.corpus_terms import corpus_terms
from avmeter.run.folder import RUN, STATES, UNFINISHED, read_run_facts, sha256_of
from avmeter.run.grouping import GROUP_SCORES, GROUPING, group_score, positions_by_value
from avmeter.shards.facts import SHARD, comparable_facts, describe_differences
from avmeter.shards.score import ALL, CONTEXT, GROUP
from avmeter.shards.shard import Shard

SHARDS = "shards"
"""Key in the provenance of a merged run."""
_AGAIN = "score that shard again; what is in its feature store is not computed again"
_States = Mapping[tuple[str, ...], Mapping[str, CorpusState]]
_KINDS = {
    "index": int,
    "count": int,
    "start": int,
    "stop": int,
    "num_samples": int,
    "inputs": str,
    "metrics": list,
    "options": dict,
    "protocol": str,
    "limits": dict,
    "grouping": dict,
    "doubts": list,
    "same_as_reference": list,
}


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A shard out of its folder."""

    folder: Path
    shard: Shard
    results: EvalResults

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.results.provenance[SHARD]
        return facts

    def __str__(self) -> str:
        return f"{self.shard} ({self.folder})"


def find_shards(folders: Sequence[Path]) -> list[Path]:
    """Return run folders; one that is none itself stands for the shards in it."""
    found: list[Path] = []
    for folder in folders:
        inner = [] if _holds_run(folder) else sorted(run for run in folder.glob("*") if _holds_run(run))
        found += [run for run in inner if not _is_merged(run)] or [folder]
    return found


def _holds_run(folder: Path) -> bool:
    """Return True for the folder of a run, one that was killed included."""
    return (folder / RUN).is_file() or (folder / UNFINISHED / RUN).is_file()


def _is_merged(folder: Path) -> bool:
    """Return True for a run that shards were merged to, which may lie beside them."""
    provenance = (read_run_facts(folder) or {}).get("provenance")
    return isinstance(provenance, Mapping) and SHARDS in provenance


def merge_shards(folders: Sequence[Path]) -> EvalResults:
    """Return the results of the run whose shards are in these folders, in whatever order.

    Raises:
        UsageError: A folder is damaged, no shard, or was ended early; a shard is missing or there twice; or shards are
            of runs that differ in metrics, options, protocol, weights, precision, inputs or versions.
    """
    parts = sorted((_read_part(folder) for folder in folders), key=lambda part: part.shard.index)
    if not parts:
        raise UsageError("no shards were given", hint="name the folders that `avmeter score --shard` wrote")
    _refuse_unfit(parts)
    metrics = _metrics_of(parts[0])
    states = [_read_states(part, metrics) for part in parts]
    results = EvalResults(
        [row for part in parts for row in part.results],
        finish_states(metrics, _merged(metrics, states, [ALL])),
        samples=[sample for part in parts for sample in part.results.samples],
        provenance=_merged_provenance(parts),
    )
    _add_group_scores(results, metrics, states)
    return results


def _read_part(folder: Path) -> _Part:
    results = read_run(folder)
    facts = results.provenance.get(SHARD)
    if facts is None:
        raise UsageError(f"{folder}: a whole run, not a shard of one", hint="`avmeter score --shard` writes shards")
    if not isinstance(facts, Mapping) or not _is_described(facts):
        raise UsageError(f"{folder}: damaged, its {RUN} does not say which shard it is", hint=_AGAIN)
    shard = Shard(index=facts["index"], count=facts["count"])
    positions = shard.positions(facts["num_samples"])
    num_rows = len(positions) if results.provenance.get("partial") else len(results)
    if (positions.start, positions.stop, len(positions)) != (facts["start"], facts["stop"], num_rows):
        raise UsageError(f"{folder}: damaged, {shard} has {len(results)} of {len(positions)} samples", hint=_AGAIN)
    return _Part(folder=folder, shard=shard, results=results)


def _is_described(facts: Mapping[str, Any]) -> bool:
    if any(type(facts.get(key)) is not kind for key, kind in _KINDS.items()):
        return False
    by, cluster = facts["grouping"].get("by", []), facts["grouping"].get("cluster") or ""
    columns = [cluster, *(by if isinstance(by, list) else [None])]
    names = [*facts["metrics"], *facts["doubts"], *facts["same_as_reference"], *columns]
    return all(isinstance(name, str) for name in names)


def _refuse_unfit(parts: Sequence[_Part]) -> None:
    model = comparable_facts(parts[0].results.provenance)
    problems = []
    for part in parts[1:]:
        differences = describe_differences(model, comparable_facts(part.results.provenance))
        if differences:
            problems.append(f"{parts[0]} and {part} are of different runs: {'; '.join(differences)}")
    if problems:
        raise UsageError("\n".join(problems), hint="score the shards that differ again, with one command for all")
    count = parts[0].shard.count
    counts = Counter(part.shard.index for part in parts)
    for index in (i for i, n in counts.items() if n > 1):
        twice = ", ".join(str(part.folder) for part in parts if part.shard.index == index)
        problems.append(f"shard {index} of {count} is there {counts[index]} times: {twice}")
    missing = [i for i in range(1, count + 1) if i not in counts]
    if missing:
        problems.append(f"of {count} shards {len(missing)} are missing: {_listed(missing)}")
    for part in parts:
        if part.results.provenance.get("partial"):
            finished = part.results.provenance.get("num_finished")
            of = part.facts["stop"] - part.facts["start"]
            problems.append(f"{part} was ended early: {finished} of {of} samples are finished")
    if problems:
        raise UsageError("\n".join(problems), hint=f"merging needs every shard once and whole; {_AGAIN}")


def _listed(indices: Sequence[int]) -> str:
    """Return numbers with ranges: 2, 5-9."""
    ranges: list[list[int]] = []
    for index in indices:
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def _metrics_of(part: _Part) -> dict[str, Metric]:
    """Return the metrics of the run, which finish here what the shards have collected.

    Raises:
        UsageError: This installation has others under these names.
    """
    facts, provenance = part.facts, part.results.provenance
    config = EvaluatorConfig(device="cpu", protocol=facts["protocol"], options=facts["options"])
    metrics = config.resolve_metrics(facts["metrics"]) if facts["metrics"] else {}
    here = _versions_here()
    versions = {name: version for name, version in provenance.get("versions", {}).items() if name in here}
    reported = {n: dict(provenance["metrics"].get(n, {}).get("options", {})) for n in metrics}
    own = {name: to_jsonable(metric.options()) for name, metric in metrics.items()}
    differences = describe_differences(
        {f"version of {n}": v for n, v in versions.items()} | {f"options of {n}": o for n, o in reported.items()},
        {f"version of {n}": here[n] for n in versions} | {f"options of {n}": o for n, o in own.items()},
    )
    if differences:
        raise UsageError(
            f"{part} and this installation differ: {'; '.join(differences)}",
            hint="merge with the versions and the files that the shards were scored with",
        )
    return metrics


def _versions_here() -> dict[str, str]:
    """Return the versions of what corpus scores are computed with."""
    from importlib.metadata import version

    return {name: version(name) for name in ("avmeter", "numpy")}


def _read_states(part: _Part, metrics: Mapping[str, Metric]) -> _States:
    hashes = (read_run_facts(part.folder) or {}).get("files", {})
    try:
        content = (part.folder / STATES).read_bytes()
        if hashes.get(STATES) != sha256_of(content):
            raise ValueError(f"{RUN} has another hash")
        return decode_states(content, metrics)
    except (OSError, ValueError) as error:
        raise UsageError(f"{part.folder / STATES}: damaged, or of another run ({error})", hint=_AGAIN) from error


def _merged(
    metrics: Mapping[str, Metric], shards: Sequence[_States], names: Sequence[tuple[str, ...]]
) -> dict[str, CorpusState]:
    """Return the states over sets of samples, each in the order of the shards; shards may lack some of the sets."""
    states = start_states(metrics)
    for name in names:
        for sets in shards:
            states = merge_states(metrics, states, sets.get(name, {}))
    return states


def _add_group_scores(results: EvalResults, metrics: Mapping[str, Metric], shards: Sequence[_States]) -> None:
    """Put corpus scores of groups into the provenance, as `Evaluator.evaluate_groups` does."""
    if any(CONTEXT not in sets for sets in shards):
        return
    chosen = {
        name: metric
        for name, metric in metrics.items()
        if isinstance(metric, CorpusMetric)
        and results.corpus[name].score is not None
        and corpus_terms(results, name) is None
    }
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    for column in Grouping.read(results.provenance).by if chosen else ():
        groups = positions_by_value(results.samples, results.scored_positions, column)
        scores[column] = {}
        for value in groups:
            corpus = finish_states(chosen, _merged(chosen, shards, [(GROUP, column, value), CONTEXT]))
            scores[column][value] = {name: group_score(result) for name, result in corpus.items()}
    results.provenance = {**results.provenance, GROUP_SCORES: scores}


def _grouping(part: _Part) -> dict[str, Any]:
    """Return how the samples of the run belong together, as its provenance has it: nothing where nobody said."""
    grouping = Grouping.read({GROUPING: part.facts["grouping"]})
    return {} if grouping == Grouping() else {GROUPING: grouping.to_facts()}


def _merged_provenance(parts: Sequence[_Part]) -> dict[str, Any]:
    """Return the provenance of the run: what all shards share, sums of what they computed, and a line for each."""
    every = [part.results.provenance for part in parts]
    shared = {k: v for k, v in every[0].items() if k != SHARD}
    same = [sample_id for part in parts for sample_id in part.facts["same_as_reference"]]
    computed: Counter[str] = Counter()
    for provenance in every:
        computed.update({k: n for k, n in provenance.get("computed", {}).items() if isinstance(n, int)})
    return {
        **shared,
        "created": min(str(p.get("created", "")) for p in every),
        "duration_s": round(sum(p.get("duration_s", 0.0) for p in every), 3),
        **{key: " + ".join(dict.fromkeys(str(p.get(key, "")) for p in every)) for key in ("device", "platform")},
        "computed": dict(computed),
        "store_reads": sum(p.get("store_reads", 0) for p in every),
        "notes": [*doubts_about(same), *parts[0].facts["doubts"]],
        **_grouping(parts[0]),
        SHARDS: [
            {"index": part.shard.index, "num_samples": len(part.results)}
            | {key: part.results.provenance.get(key) for key in ("created", "duration_s", "device")}
            for part in parts
        ],
    }
