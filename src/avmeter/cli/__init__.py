"""The command line: every command parses, calls one public function, and prints."""

from avmeter.cli.app import main

__all__ = ["main"]
