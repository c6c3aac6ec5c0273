"""Scoring within a training loop.

validation = Validation(Evaluator(["audio"]), trackers=[WandbTracker(run)], every=1000, num_worst=2)
validation(lambda: generate(model), step=step)     # on every rank, whatever becomes of it

    validation       score, merge over ranks, log: for any loop
    lightning, transformers
                     the same as a callback of these trainers; FastVideo's is `avmeter.fastvideo.callbacks`
    background       results by future
    trackers/        TensorBoard, W&B, Trackio, MLflow
    tracking, clips  what they are given: scalars, and files of the worst clips
    rank_exchange    parts of all ranks, failed ones too
"""

from avmeter.training.background import BackgroundEvaluator
from avmeter.training.trackers import (
    ClipFile,
    FunctionTracker,
    MlflowTracker,
    TensorBoardTracker,
    Tracker,
    TrackioTracker,
    WandbTracker,
)
from avmeter.training.tracking import log_results
from avmeter.training.validation import Validation

__all__ = [
    "BackgroundEvaluator",
    "ClipFile",
    "FunctionTracker",
    "MlflowTracker",
    "TensorBoardTracker",
    "Tracker",
    "TrackioTracker",
    "Validation",
    "WandbTracker",
    "log_results",
]
