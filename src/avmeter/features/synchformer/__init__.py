"""Synchformer: segments of sound and picture, and the offset between them."""

PREFIX = "synchformer_"
