"""Synchformer: segments of sound and video, and the offset between them."""

PREFIX = "synchformer_"
