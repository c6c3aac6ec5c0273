"""Signals: mel filterbanks, mel spectrograms, resampling, loudness."""
