"""The command line: every command parses, calls one public function, and prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the console script."""
    try:
        # Loading torch takes seconds, in which people press Ctrl-C too.
        from avmeter.cli.app import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


__all__ = ["main"]
