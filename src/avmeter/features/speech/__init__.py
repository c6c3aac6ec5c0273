"""Recognisers: the words that are said."""

PREFIX = ""
