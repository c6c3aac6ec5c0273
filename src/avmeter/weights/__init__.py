"""Checkpoints: what they are, where they come from, and whether they are the right ones."""

from avmeter.weights.catalog import Entry, File, catalog, get_entry
from avmeter.weights.fetch import RetryPolicy
from avmeter.weights.hashes import UnpinnedWeightsWarning
from avmeter.weights.source import WeightsSource
from avmeter.weights.verify import FileStatus, verify

__all__ = [
    "Entry",
    "File",
    "FileStatus",
    "RetryPolicy",
    "UnpinnedWeightsWarning",
    "WeightsSource",
    "catalog",
    "get_entry",
    "verify",
]
