"""Faces in the frames of a video, found by networks that differ in what they see."""

PREFIX = "faces_"
