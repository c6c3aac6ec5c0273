"""Statistics of features: NumPy in, numbers out, no input or output, no device."""
