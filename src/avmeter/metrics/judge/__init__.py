"""Comparisons of two systems by a vision-language model."""
