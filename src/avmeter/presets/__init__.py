"""Presets: the metrics and settings of a published table, by name, so that one run fills a row of it."""

from avmeter.presets.preset import Preset, PresetMetric, PublishedRow, load_preset, preset_names

__all__ = ["Preset", "PresetMetric", "PublishedRow", "load_preset", "preset_names"]
