"""What is made of one media item: extractors own preprocessing and pooling, and leave arithmetic to nets.

A folder for each family; every file in it but `base.py` is an extractor, registered by its name. Files beside the
folders are what families share. Nothing here opens a file, knows a metric, or decides device and precision.
"""
