"""The command line: every command parses, calls one public function, and prints."""

from __future__ import annotations

import sys

from avmeter.cli.interrupts import Interrupted, Interrupts
from avmeter.cli.streams import output_failure, protect_streams


def main() -> None:
    """Run a command: the entry point of the console script."""
    protect_streams()
    interrupts = Interrupts()
    try:
        interrupts.start()
        _run(interrupts)
        interrupts.end()
    except SystemExit as ending:
        interrupts.end()
        sys.exit(_code_of(ending))
    except Interrupted:
        sys.exit(interrupts.exit_code)


def _run(interrupts: Interrupts) -> None:
    try:
        # Loading torch takes seconds, in which people press Ctrl-C too.
        from avmeter.cli.app import run
    except BaseException:
        if interrupts.is_requested:  # whatever an interrupted import makes of it
            sys.exit(interrupts.exit_code)
        raise
    run(interrupts)


def _code_of(ending: SystemExit) -> str | int | None:
    """Return the exit code, which is not that of success if the output is lost."""
    failure = output_failure()
    if failure is None:
        return ending.code
    from avmeter.cli.exit_codes import EXIT_USAGE
    from avmeter.cli.messages import fail

    fail(f"standard output cannot be written: {failure.strerror}")
    return ending.code or EXIT_USAGE


__all__ = ["main"]
