"""Metrics of sound, alone or against a reference, a prompt or a video: the names that FastVideo uses."""
