"""Perception Encoder Audiovisual: sound, video, both together and text in one space."""

PREFIX = "pe_av_"
