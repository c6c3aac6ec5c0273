"""`avmeter doctor`: versions, devices, weights at hand, what each metric still needs."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape

from avmeter.doctor import diagnose

_MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "problem": "[red]problem[/]"}


def doctor_command() -> None:
    """Check this machine: versions, devices, weights at hand, what each metric still needs.

    Exit code 1 if something is broken.
    """
    console = Console(highlight=False)
    findings = diagnose()
    for finding in findings:
        console.print(f"{_MARKS[finding.status]:<22} {escape(finding.topic)}: {escape(finding.text)}", soft_wrap=True)
        if finding.hint:
            console.print(f"        hint: {finding.hint}", markup=False, soft_wrap=True)
    raise typer.Exit(int(any(f.status == "problem" for f in findings)))
