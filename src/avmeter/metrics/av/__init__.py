"""Metrics of sound and video together, or of either and the prompt, beside those of FastVideo's audio group."""
