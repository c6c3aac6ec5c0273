"""Human-readable runs: tables for the terminal and for Markdown, and a page that opens from disk.

It reads results and the results of stress experiments; it scores nothing.
"""

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
