"""From what was asked to samples, metrics and an evaluator; nothing is computed yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from avmeter.cli.formats import require_format
from avmeter.cli.messages import join_names, say, warn
from avmeter.cli.options import parse_limits, parse_options, parse_remote
from avmeter.cli.presets import Chosen, choose, with_videos
from avmeter.cli.remote_runs import local_output
from avmeter.cli.scoring.request import ScoreRequest
from avmeter.cli.shards import find_shard, refuse_other_shard
from avmeter.errors import UsageError
from avmeter.files import as_url, is_folder, is_there

if TYPE_CHECKING:
    from avmeter.evaluator import Evaluator
    from avmeter.manifest import SampleList
    from avmeter.run import Grouping
    from avmeter.sample import RemoteAccess
    from avmeter.shards import Shard


@dataclass(frozen=True, kw_only=True)
class ScoreJob:
    """What is scored, with what, and where it is written.

    Attributes:
        samples: The set.
        chosen: Metrics and settings.
        grouping: How samples belong together.
        evaluator: Has all chosen metrics, also those that will be left out.
        out: Run folder of this machine, or None.
        shard: Which part of the set, or None for the whole.
    """

    samples: SampleList
    chosen: Chosen
    grouping: Grouping
    evaluator: Evaluator
    out: Path | None
    shard: Shard | None


def prepare(context: typer.Context, request: ScoreRequest) -> ScoreJob:
    """Read inputs, claim the run folder and build the evaluator.

    Raises:
        UsageError, UnknownNameError, ManifestError: What was asked cannot be done.
    """
    from avmeter.run import Grouping
    from avmeter.sample import as_samples

    require_format(request.output_format)
    shard, out = find_shard(request.shard, request.out)
    chosen = choose(
        request.metrics, preset=request.preset, protocol=request.protocol, options=parse_options(request.option)
    )
    access = parse_remote(request.remote, allow_private_hosts=request.allow_private_hosts)
    samples = _read_samples(request, access)
    out = None if request.dry_run else _claim(context, request, out, shard, access)
    samples = _with_facts(samples, chosen, request)
    grouping = Grouping(cluster=request.cluster, by=tuple(request.by))
    grouping.check(as_samples(samples))
    evaluator = _build_evaluator(request, chosen, access)
    return ScoreJob(samples=samples, chosen=chosen, grouping=grouping, evaluator=evaluator, out=out, shard=shard)


def _read_samples(request: ScoreRequest, access: RemoteAccess) -> SampleList:
    from avmeter.manifest import parse_columns, parse_pairing, samples_from_inputs

    _refuse_metrics_among(request.inputs, request.metrics)
    samples = samples_from_inputs(
        request.inputs,
        reference=request.reference,
        prompts=request.prompts,
        columns=parse_columns(request.column),
        pairing=parse_pairing(request.pairing),
        paired=request.paired,
        strict=request.strict,
        remote=access,
    )
    if samples.pairing.ignored:
        say(f"ignored, not media: {join_names(samples.pairing.ignored)}")
    return samples


def _refuse_metrics_among(inputs: Sequence[str], metrics: Sequence[str]) -> None:
    """Refuse `-m audio.loudness av.align`, whose second metric is read as a clip."""
    from avmeter.metrics.synonyms import full_name
    from avmeter.registry import list_metrics

    absent = [word for word in inputs if as_url(word) is None and not is_there(Path(word))]
    known = {*list_metrics(), "all"}
    names = [word for word in absent if full_name(word).partition("@")[0] in known or list_metrics(word)]
    if names:
        raise UsageError(
            f"{names[0]} is neither a file nor a folder",
            hint=f"separate metrics by a comma: `-m {','.join([*metrics, *names])}`",
        )


def _claim(
    context: typer.Context, request: ScoreRequest, out: Path | None, shard: Shard | None, access: RemoteAccess
) -> Path | None:
    """Return the run folder, made and held until the command ends."""
    from avmeter.run import claim_run, prepare_run

    if out is None:
        return None
    refuse_other_shard(out, shard)
    out = local_output(context, out, access)
    _refuse_input_folder(out, [*request.inputs, *([request.reference] if request.reference is not None else [])])
    prepare_run(out, breakdown=bool(request.by))
    context.with_resource(claim_run(out))
    return out


def _refuse_input_folder(out: Path, inputs: Sequence[str]) -> None:
    for folder in map(Path, inputs):
        if is_folder(folder) and folder.resolve() == out.resolve():
            raise UsageError(
                f"--out {out} is the folder of the clips, and nothing is written there", hint=f"--out {out / 'run'}"
            )


def _with_facts(samples: SampleList, chosen: Chosen, request: ScoreRequest) -> SampleList:
    """Give samples what the command line says of all of them."""
    from avmeter.manifest import with_texts

    return with_texts(
        with_videos(samples, chosen.preset),
        text_prompt=request.text_prompt,
        reference_text=request.reference_text,
        language=request.language,
        audio_stream=request.audio_stream,
    )


def _build_evaluator(request: ScoreRequest, chosen: Chosen, access: RemoteAccess) -> Evaluator:
    from avmeter.evaluator import Evaluator

    return Evaluator(
        chosen.metrics,
        request.device,
        request.gpus,
        weights=request.weights,
        protocol=chosen.protocol,
        options=_with_reference_features(request, chosen),
        skip_missing_deps=chosen.preset is not None,
        store=False if request.no_store else (request.store or True),
        precision=request.precision,
        batch_size=request.batch_size,
        loader_threads=request.threads,
        loader_processes=request.processes,
        decoder=request.decoder,
        scoring_processes=request.scoring_processes,
        decode_timeout_s=request.decode_timeout,
        limits=parse_limits(request.limit),
        remote=access,
        executor="local" if request.ray is None else "ray",
        ray_address=request.ray or "auto",
    )


def _with_reference_features(request: ScoreRequest, chosen: Chosen) -> Mapping[str, Mapping[str, Any]]:
    """Return the options of metrics, with the file of reference features for those that read it."""
    from avmeter.metrics.selection import with_reference_features

    if request.reference_features is None:
        return chosen.options
    options, refusals = with_reference_features(
        chosen.options, request.reference_features, metrics=",".join(chosen.metrics), protocol=chosen.protocol
    )
    for name, refusal in refusals.items():
        warn(f"{name} does without --reference-features: {refusal.message}")
    return options
