"""Networks over frames alone: action recognition."""

PREFIX = ""
