"""Where a run computes: device, numeric precision, uploads, and what the environment says; each decided once, here.

Everything above reads it. It knows no feature, no metric and no engine; checkpoints are a Protocol to it.
"""

from avmeter.runtime.precision import Precision
from avmeter.runtime.runtime import CheckpointSource, Runtime

__all__ = ["CheckpointSource", "Precision", "Runtime"]
