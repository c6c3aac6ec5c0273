"""Results and handles, under the module name that FastVideo has for them."""

from avmeter.result import MetricResult
from avmeter.run import EvalResults
from avmeter.sample import Video

__all__ = ["EvalResults", "MetricResult", "Video"]
