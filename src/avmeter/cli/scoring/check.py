"""Before anything is computed: which of the chosen metrics run, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence

from avmeter.cli.messages import say
from avmeter.cli.scoring.prepare import ScoreJob
from avmeter.errors import UsageError


def choose_runnable(job: ScoreJob) -> Sequence[str]:
    """Return the metrics for which some sample has the inputs; name the others once, and say what was understood.

    Raises:
        UsageError: There is none.
    """
    from avmeter.metrics.selection import select_metrics
    from avmeter.sample import as_samples

    items = as_samples(job.samples, access=job.evaluator.config.remote_access)
    selection = select_metrics(job.evaluator.metrics, items, explicit=job.chosen.explicit)
    for fields, names in selection.by_fields().items():
        say(f"not run, no sample has {' and '.join(f'`{f}`' for f in fields)}: {', '.join(names)}")
    if not selection.chosen:
        raise UsageError("no metric has the inputs it needs", hint="see `avmeter list` for what each metric needs")
    if job.samples.pairing.has_more_than_a_clip:
        say("\n".join(job.samples.pairing.lines()))
    return selection.chosen
