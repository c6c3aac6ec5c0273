"""`avmeter demo`: clips rendered on the spot, damaged, scored with everything that has weights here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.messages import say
from avmeter.cli.stress import write_and_show


def demo_command(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to write.")] = Path("demo-run"),
) -> None:
    """Render clips, damage them in known ways, score all, print the table and write a report.

    Runs without internet: only metrics whose weights are on this machine. Example: avmeter demo
    """
    from avmeter.demo.run import run_demo

    started = time.monotonic()
    interrupts: Interrupts = context.obj
    interrupts.has_store = True
    with interrupts.deferred():
        demo = run_demo(out, progress=lambda label: say(f"scoring: {label}"), should_stop=interrupts.should_stop)
        with interrupts.saving():
            write_and_show(demo.experiment, out, title="avmeter demo")
        if interrupts.is_requested:
            raise Interrupted
    if demo.without_weights:
        say(f"not run, weights are not on this machine: {', '.join(demo.without_weights)}")
    if demo.too_few_clips:
        say(f"not run, they need more than {demo.num_clips} clips: {', '.join(demo.too_few_clips)}")
    say(f"done in {time.monotonic() - started:.0f} s")
