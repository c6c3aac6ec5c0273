"""Frames of a generated video against those of its reference, one by one and as sets."""
