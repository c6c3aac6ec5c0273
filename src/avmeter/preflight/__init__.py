"""What is known of a run before it starts: what it has, what it lacks, and how long it may take."""

from avmeter.preflight.checkpoints import MissingCheckpoint, missing_checkpoints
from avmeter.preflight.estimate import TimeEstimate, estimate_time
from avmeter.preflight.plan import Preflight, look_ahead
from avmeter.preflight.rates import Rates

__all__ = [
    "MissingCheckpoint",
    "Preflight",
    "Rates",
    "TimeEstimate",
    "estimate_time",
    "look_ahead",
    "missing_checkpoints",
]
