"""Statistics of the signal itself: no network, no weights."""

PREFIX = ""
