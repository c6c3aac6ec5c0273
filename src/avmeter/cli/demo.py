"""`avmeter demo`: clips rendered on the spot, damaged, scored with what has weights here and is over soon."""

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
    for sentence in demo.left_out:
        say(sentence)
    if demo.frame_networks:
        names = ",".join(demo.frame_networks)
        say(f"they run with: avmeter stress {out / 'originals'} -m {names} --variants blur,frozen --out {out}-frames")
    say(f"done in {time.monotonic() - started:.0f} s")
