"""Optical flow of generated videos against that of their references."""
