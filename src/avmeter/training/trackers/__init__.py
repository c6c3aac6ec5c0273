"""Trackers of experiments behind one interface; the package of each is imported when its tracker is made."""

from avmeter.training.trackers.base import ClipFile, ClipKind, FunctionTracker, Tracker
from avmeter.training.trackers.mlflow import MlflowTracker
from avmeter.training.trackers.tensorboard import TensorBoardTracker
from avmeter.training.trackers.trackio import TrackioTracker
from avmeter.training.trackers.wandb import WandbTracker

__all__ = [
    "ClipFile",
    "ClipKind",
    "FunctionTracker",
    "MlflowTracker",
    "TensorBoardTracker",
    "Tracker",
    "TrackioTracker",
    "WandbTracker",
]
