"""Metrics of VBench: one quality of a generated video each, without a reference."""
