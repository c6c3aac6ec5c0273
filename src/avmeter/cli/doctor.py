"""`avmeter doctor`: versions, devices, weights at hand, what each metric still needs."""

from __future__ import annotations

from typing import Annotated

import typer

from avmeter.cli.json_output import show_json

_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this machine: versions, devices, weights at hand, what each metric still needs.

    Exit code 1 if something is broken.
    """
    from rich.console import Console
    from rich.markup import escape

    from avmeter.doctor import diagnose
    from avmeter.plain import sanitise

    console = Console(highlight=False)
    findings = diagnose()
    if as_json:
        show_json(findings)
        raise typer.Exit(int(any(f.status == "problem" for f in findings)))
    for finding in findings:
        mark = f"[{_COLOURS[finding.status]}]{finding.status:<7}[/]"
        console.print(f"{mark} {escape(finding.topic)}: {escape(sanitise(finding.text))}", soft_wrap=True)
        if finding.hint:
            console.print(f"        hint: {sanitise(finding.hint)}", markup=False, soft_wrap=True)
    raise typer.Exit(int(any(f.status == "problem" for f in findings)))
