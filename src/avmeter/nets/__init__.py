"""Networks in plain PyTorch: tensors in, tensors out, and the key table of the official checkpoint.

A file or a family's folder each. They know no media, no features, no weights catalog and no device.
"""
