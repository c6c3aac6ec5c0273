"""One set that several processes score together: each its own clips, and one merge of all corpora.

A mean of corpus scores over processes is no corpus score: a Fréchet distance of 500 clips is another number than the
mean of four of 125. What is merged here is what the metrics have collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch.distributed

from avmeter.engine.executors.part import PartialRun
from avmeter.errors import UsageError
from avmeter.evaluator import Evaluator
from avmeter.run import EvalResults
from avmeter.sample import Sample


def evaluate_on_ranks(
    evaluator: Evaluator,
    samples: Iterable[Mapping[str, Any] | Sample],
    *,
    metrics: Sequence[str] | str | None = None,
    group: Any = None,
) -> EvalResults:
    """Score the clips of this rank, and return the results over those of all ranks, in the order of the ranks.

    Every rank of the group calls it, with samples or none, and has the same results. Samplers that repeat clips to
    fill the last batch put them into the corpus twice: give samples an `id`, and the repetition is an error.

    Args:
        evaluator: Of this rank, on its own device; with the same metrics on every rank.
        samples: Those of this rank.
        metrics: As for `Evaluator.evaluate`.
        group: Process group of `torch.distributed`; default is all ranks. Without one this process is alone.

    Raises:
        UsageError: Ranks have different metrics.
        ManifestError: An explicit id is on two ranks.
    """
    part = evaluator.evaluate_part(samples, metrics=metrics)
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return evaluator.merge([part], metrics=metrics)
    parts: list[PartialRun | None] = [None] * torch.distributed.get_world_size(group)
    torch.distributed.all_gather_object(parts, part, group=group)
    gathered = [p for p in parts if p is not None]
    if len({tuple(p.states) for p in gathered}) > 1:
        raise UsageError("ranks have different metrics", hint="build the evaluators with the same metrics=")
    return evaluator.merge(gathered, metrics=metrics)
