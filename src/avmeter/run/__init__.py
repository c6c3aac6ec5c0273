"""A run: scores of samples, what they amount to, the folder they are kept in, and how two of them compare."""

from avmeter.run.claim import claim_run
from avmeter.run.compare import Comparison, compare
from avmeter.run.folder import begin_run, prepare_run, write_breakdown, write_run
from avmeter.run.grouping import Grouping
from avmeter.run.journal import RunJournal
from avmeter.run.read import read_run
from avmeter.run.remote_folder import facts_of_run, local_run, run_output
from avmeter.run.results import EvalResults

__all__ = [
    "Comparison",
    "EvalResults",
    "Grouping",
    "RunJournal",
    "begin_run",
    "claim_run",
    "compare",
    "facts_of_run",
    "local_run",
    "prepare_run",
    "read_run",
    "run_output",
    "write_breakdown",
    "write_run",
]
