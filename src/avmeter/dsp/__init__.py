"""Signal processing on arrays and tensors: spectrograms, resampling, loudness, onsets. It reads no file."""
