"""Arithmetic over features: scores of a sample or of a corpus. No metric decodes, loads weights or touches a device.

A folder for each group; every file in it is the metric of that name. Files beside the folders are what metrics share.
"""
