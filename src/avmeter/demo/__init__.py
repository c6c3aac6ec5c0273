"""Clips made on this machine, to try avmeter without any media at hand."""
