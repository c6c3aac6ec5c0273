"""`avmeter eval list` and `avmeter eval run`: the commands of `fastvideo eval`, with its options."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avmeter.cli.exit_codes import EXIT_NOTHING
from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.once import OnceCommand
from avmeter.errors import UsageError
from avmeter.registry import list_metrics

if TYPE_CHECKING:
    from avmeter.fastvideo import Evaluator
    from avmeter.run import EvalResults

app = typer.Typer(no_args_is_help=True, help="The commands of `fastvideo eval`; `avmeter score` can do more.")
_SEVERAL = ("--videos", "--text-prompt")
_WILD = "*?["


class ListOptionCommand(OnceCommand):
    """A command with options that take all values up to the next option: `--videos a.mp4 b.mp4`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments of the command line, after writing such an option before each of its values."""
        return super().parse_args(ctx, repeat_options(args, _SEVERAL))


def repeat_options(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return arguments in which each further value of one of these options has the option before it."""
    found: list[str] = []
    current, num_values = "", 0
    for argument in arguments:
        if argument.startswith("-") and argument != "-":
            current, num_values = argument, 0
        elif current in names:
            num_values += 1
            found += [current] if num_values > 1 else []
        found.append(argument)
    return found


@app.command("list", cls=OnceCommand)
def list_command(group: Annotated[str | None, typer.Option(help="Only this group, such as audio.")] = None) -> None:
    """List the names of metrics, one a line.

    Example: avmeter eval list --group audio
    """
    names = [n for n in list_metrics() if group is None or n == group or n.startswith(f"{group.rstrip('.')}.")]
    typer.echo("\n".join(names) or f"(no metric is of the group {group!r})")


@app.command("run", cls=ListOptionCommand)
def run_command(
    context: typer.Context,
    videos: Annotated[list[str] | None, typer.Option(help="Generated videos: paths, patterns or folders.")] = None,
    reference: Annotated[str | None, typer.Option(help="Real videos: a path, pattern or folder.")] = None,
    metrics: Annotated[str, typer.Option(help="Names and groups, comma-separated, or all.")] = "all",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0 ...")] = "auto",
    text_prompt: Annotated[list[str] | None, typer.Option(help="One prompt for all videos, or one for each.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frame rate of folders of images.")] = None,
    output: Annotated[Path | None, typer.Option(help="File to write the JSON to; default is to print it.")] = None,
) -> None:
    """Score videos; the result is JSON, one entry for each.

    Example: avmeter eval run --videos gen/*.mp4 --reference ref/ --metrics audio.desync --output scores.json
    """
    from avmeter.cli.formats import print_fastvideo
    from avmeter.cli.messages import say
    from avmeter.fastvideo import create_evaluator
    from avmeter.files import write_atomically
    from avmeter.plain import to_json

    if not videos:
        raise UsageError("nothing to score", hint="--videos clip.mp4, or a folder, or several")
    samples = _samples(_expand(videos), reference, text_prompt, fps)
    interrupts: Interrupts = context.obj
    with interrupts.deferred():
        results = _evaluate(create_evaluator(metrics, device), samples, interrupts, explicit=metrics.split(","))
        if interrupts.is_requested and not results.provenance.get("num_finished", len(results)):
            raise Interrupted
        with interrupts.saving():
            if output is None:
                print_fastvideo(results)
            else:
                write_atomically(output, to_json(results.to_fastvideo(), indent=2))
                say(f"written: {output}{_finished(results)}")
        if interrupts.is_requested:
            raise Interrupted
    if not any(r.score is not None for row in (*results, results.corpus) for r in row.values()):
        raise typer.Exit(EXIT_NOTHING)


def _expand(patterns: Sequence[str]) -> list[str]:
    """Return the files that paths, folders and patterns mean, each once, in their order."""
    from avmeter.media.extensions import VIDEO_EXTENSIONS

    found: list[str] = []
    for pattern in patterns:
        if Path(pattern).is_dir():
            found += sorted(str(p) for p in Path(pattern).iterdir() if p.suffix.lower() in VIDEO_EXTENSIONS)
        elif not Path(pattern).exists() and any(c in pattern for c in _WILD):
            found += sorted(glob.glob(pattern))  # noqa: PTH207 - patterns may be absolute
        else:
            found.append(pattern)
    if not found:
        raise UsageError(f"no video fits {' '.join(patterns)}", hint="give files, folders of videos, or patterns")
    return list(dict.fromkeys(found))


def _samples(videos: list[str], reference: str | None, prompts: list[str] | None, fps: float | None) -> Any:
    from avmeter.fastvideo import samples_from

    references: Any = None if reference is None else _expand([reference])
    if references is not None and len(references) == 1:
        references *= len(videos)
    one = prompts[0] if prompts is not None and len(prompts) == 1 else None
    return samples_from(
        video=videos,
        reference=references,
        text_prompt=one,
        text_prompts=None if one is not None else prompts,
        fps=fps,
    )


def _finished(results: EvalResults) -> str:
    partial = results.provenance.get("partial")
    return f" with {results.provenance['num_finished']} of {len(results)} samples" if partial else ""


def _evaluate(evaluator: Evaluator, samples: Any, interrupts: Interrupts, *, explicit: Sequence[str]) -> EvalResults:
    """Run the metrics for which some sample has the inputs, and those that were named."""
    from avmeter.cli.messages import say
    from avmeter.metrics.selection import select_metrics
    from avmeter.sample import as_samples

    selection = select_metrics(evaluator.metrics, as_samples(samples), explicit=[name.strip() for name in explicit])
    for reason, names in selection.by_reason().items():
        say(f"not run, {reason}: {', '.join(names)}")
    if not selection.chosen:
        raise UsageError("no metric has what it needs", hint="see `avmeter list` for what each metric needs")
    results: EvalResults = evaluator.evaluate(
        samples=samples, metrics=selection.chosen, should_stop=interrupts.should_stop
    )
    return results
