"""Perception Encoder Audiovisual: sound, picture, both together and text in one space."""

PREFIX = "pe_av_"
