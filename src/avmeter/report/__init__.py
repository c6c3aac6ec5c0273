"""Human-readable runs: tables for the terminal and for Markdown, and a page that opens from disk.

It reads results and the results of stress experiments; it scores nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avmeter.report.html import Section, render_report, write_report
    from avmeter.report.parts import data_table, heat_map
    from avmeter.report.plot import Curve, curves, histogram
    from avmeter.report.table import markdown_comparison, markdown_table, print_comparison, print_run

__all__ = [
    "Curve",
    "Section",
    "curves",
    "data_table",
    "heat_map",
    "histogram",
    "markdown_comparison",
    "markdown_table",
    "print_comparison",
    "print_run",
    "render_report",
    "write_report",
]

_MODULES = {
    "html": ("Section", "render_report", "write_report"),
    "parts": ("data_table", "heat_map"),
    "plot": ("Curve", "curves", "histogram"),
    "table": ("markdown_comparison", "markdown_table", "print_comparison", "print_run"),
}


def __getattr__(name: str) -> Any:
    """Import a name when it is used: who formats a cell needs no run and no media, which take a second."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
