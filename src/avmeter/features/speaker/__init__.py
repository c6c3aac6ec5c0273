"""Embeddings of the voice that speaks."""
