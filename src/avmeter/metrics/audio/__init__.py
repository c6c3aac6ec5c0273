"""Metrics of sound, alone or against a reference, a prompt or a picture: the names that FastVideo uses."""
