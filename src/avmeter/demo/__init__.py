"""Clips that are rendered on the spot, so that everything can be tried without data."""
