"""Metrics of sound and picture together that FastVideo does not have."""
