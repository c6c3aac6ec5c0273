"""A run: scores of samples, what they amount to, the folder they are kept in, and how two of them compare."""

from avmeter.run.compare import Comparison, compare
from avmeter.run.folder import begin_run, prepare_run, write_run
from avmeter.run.read import read_run
from avmeter.run.results import EvalResults

__all__ = ["Comparison", "EvalResults", "begin_run", "compare", "prepare_run", "read_run", "write_run"]
