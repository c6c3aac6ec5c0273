"""Embeddings of the voice that speaks."""

PREFIX = "speaker_"
