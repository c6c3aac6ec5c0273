"""Cheap metrics for all tests of trainings."""

from support.levels import level_metrics

__all__ = ["level_metrics"]
