"""Writing and printing the results of `avmeter score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from avmeter.cli.formats import print_fastvideo
from avmeter.cli.json_output import run_payload, show_json
from avmeter.cli.messages import say

if TYPE_CHECKING:
    from avmeter.run import EvalResults


def write_and_show(results: EvalResults, out: Path | None, output_format: str) -> None:
    """Write the run folder, then print: what ends the printing costs no results, and a full disk no table."""
    from avmeter.report import print_run, write_report
    from avmeter.run.folder import remove_unfinished

    if results.provenance.get("partial"):
        if out is not None and results.provenance["num_finished"]:
            _write_partial(results, out)
        elif out is not None:
            remove_unfinished(out)
        return
    try:
        if out is not None:
            results.write(out)
            page = write_report(results, out)
            say(f"written: {out} (open {page})")
    finally:
        if output_format == "json":
            show_json(run_payload(results))
        elif output_format == "fastvideo":
            print_fastvideo(results)
        else:
            print_run(results)


def _write_partial(results: EvalResults, out: Path) -> None:
    from avmeter.report import write_report

    results.write(out)
    page = write_report(results, out)
    finished = f"{results.provenance['num_finished']} of {len(results)} samples"
    say(f"written: {out} with {finished} (open {page})")
