"""Networks that predict what listeners would say of a sound."""

PREFIX = ""
